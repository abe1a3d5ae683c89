using System.Text;
using System.Text.Json;
using ApiShield.Proxy.Simulation;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>What the simulator says: the same to the same question, of the length and form asked for.</summary>
public sealed class SimulatorAnswerTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Fact]
    public async Task Answer_SameQuestion_IsTheSameAndAnotherIsNot()
    {
        var first = Text(await simulator.AskAsync(Body("What is a comet?")));
        Assert.Equal(first, Text(await simulator.AskAsync(Body("What is a comet?", "\"user\":\"u1\""))));
        Assert.NotEqual(first, Text(await simulator.AskAsync(Body("What is a comet??"))));
        Assert.NotEqual(first, Text(await simulator.AskAsync(Body("What is a comet?", "\"temperature\":1"))));
    }

    [Fact]
    public async Task Answers_ToManyQuestions_VaryInLengthAndTakeUpTheQuestion()
    {
        var lengths = new List<int>();
        var takenUp = 0;
        for (var i = 0; i < 60; i++)
        {
            var answer = await simulator.AskAsync(Body($"Question {i}: how do I repair a zeppelin?"));
            lengths.Add(Completion(answer));
            if (Text(answer).Contains("zeppelin", StringComparison.OrdinalIgnoreCase)) takenUp++;
        }

        Assert.True(lengths.Distinct().Count() > 30, "lengths vary");
        Assert.True(lengths.Max() > 4 * lengths.Min(), "from short to long");
        Assert.InRange(takenUp, 20, 60);
    }

    [Fact]
    public async Task Choices_Several_ComeInTurnAndDiffer()
    {
        var members = "\"n\":3,\"max_tokens\":30";
        var whole = await simulator.AskAsync(Body("What is a comet?", members));
        var texts = whole.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!).ToList();
        Assert.Equal(3, texts.Distinct().Count());
        Assert.Equal(texts.Sum(Tokens), Completion(whole));

        var streamed = new string[] { "", "", "" };
        var order = new List<int>();
        foreach (var chunk in await simulator.ChunksAsync(Body("What is a comet?", members + ",\"stream\":true")))
        {
            var choice = chunk.GetProperty("choices")[0];
            order.Add(choice.GetProperty("index").GetInt32());
            if (choice.GetProperty("delta").TryGetProperty("content", out var content)) streamed[order[^1]] += content.GetString();
        }

        Assert.Equal(texts, streamed);
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2], order[..9]);
    }

    [Theory]
    [InlineData("sim-chat", "", false)]
    [InlineData("sim-reasoner", "", true)]
    [InlineData("sim-reasoner", ",\"n\":2,\"max_tokens\":60", true)]
    [InlineData("sim-chat", ",\"reasoning_effort\":\"medium\",\"max_tokens\":20", false)]
    public async Task Pieces_OfAnyStream_AddUpToTheUsage(string model, string members, bool showsReasoning)
    {
        var pieces = new List<string>();
        var reasoned = 0;
        JsonElement usage = default;
        foreach (var chunk in await simulator.ChunksAsync(Body("Which trail?", "\"stream\":true,\"stream_options\":{\"include_usage\":true}" + members, model)))
        {
            if (chunk.GetProperty("usage").ValueKind == JsonValueKind.Object) usage = chunk.GetProperty("usage");
            foreach (var choice in chunk.GetProperty("choices").EnumerateArray())
            {
                var delta = choice.GetProperty("delta");
                if (delta.TryGetProperty("content", out var text) && text.GetString() != "") pieces.Add(text.GetString()!);
                if (!delta.TryGetProperty("reasoning_content", out var thought)) continue;
                pieces.Add(thought.GetString()!);
                reasoned++;
            }
        }

        var reasoning = usage.GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32();
        Assert.Equal(usage.GetProperty("completion_tokens").GetInt32(), pieces.Sum(Tokens) + (showsReasoning ? 0 : reasoning));
        Assert.Equal(showsReasoning ? reasoning : 0, reasoned);
        if (!showsReasoning && members.Contains("effort", StringComparison.Ordinal)) Assert.Equal(20, reasoning);
    }

    [Fact]
    public async Task Answer_StopSequence_EndsBeforeIt()
    {
        var whole = Text(await simulator.AskAsync(Body("What is a comet?")));
        var stop = whole[30..36];
        var cut = await simulator.AskAsync(Body("What is a comet?", $"\"stop\":[{JsonSerializer.Serialize(stop)},\"never there\"]"));
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], Text(cut));
        Assert.Equal("stop", cut.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(Tokens(Text(cut)), Completion(cut));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(5000)]
    public async Task Answer_LengthOnDemand_IsExact(int tokens)
    {
        var answer = await simulator.AskAsync(Body("What is a comet?"), $"tokens={tokens}");
        Assert.Equal(tokens, Completion(answer));
        Assert.Equal(tokens, Tokens(Text(answer)));
        Assert.Equal("stop", answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Prompt_OfOneLetter_IsCountedQuickly()
    {
        var answer = await simulator.AskAsync(Body(new string('a', 100_000), "\"max_tokens\":1"));
        Assert.Equal(6 + 16_667, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Prompt_InPartsAndEscapes_CountsItsTextOnly()
    {
        const string Parts = """[{"type":"text","text":"two\u0020words"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAA"}}]""";
        var answer = await simulator.AskAsync($$"""{"model":"m","max_tokens":1,"messages":[{"content":{{Parts}},"role":"user"}]}""");
        Assert.Equal(6 + 2 + 85, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    private static string Body(string question, string members = "\"n\":1", string model = "sim-chat") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{question}}"}],{{members}}}""";

    private static string Text(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    private static int Completion(JsonElement answer) => answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32();

    private static int Tokens(string text) => SimulatorTokenizer.Count(Encoding.UTF8.GetBytes(text));
}
