using System.Text.Json;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>The simulator's bodies against the member lists of the published reference.</summary>
public sealed class PublishedShapeTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    private const string Tools =
        """
        "tool_choice":"required","tools":[{"type":"function","function":{"name":"look_up","parameters":{"type":"object","properties":{"q":{"type":"string"}}}}}]
        """;

    public static TheoryData<string> Requests =>
    [
        "\"temperature\":0.5",
        "\"n\":3,\"max_tokens\":5",
        "\"logprobs\":true,\"top_logprobs\":3,\"max_tokens\":20",
        "\"logprobs\":true,\"max_tokens\":20",
        "\"reasoning_effort\":\"low\"",
        "\"response_format\":{\"type\":\"json_object\"}",
        Tools,
        Tools + ",\"max_completion_tokens\":2",
    ];

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Completion_AnyRequest_HasThePublishedMembers(string members)
    {
        foreach (var model in (string[])["sim-chat", "sim-reasoner"])
            PublishedShape.Check(await simulator.AskAsync(Body(members, model)), "completion");
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Chunks_AnyRequest_HaveThePublishedMembers(string members)
    {
        foreach (var model in (string[])["sim-chat", "sim-reasoner"])
        {
            var chunks = await simulator.ChunksAsync(Body(members + ",\"stream\":true", model));
            foreach (var chunk in chunks)
            {
                PublishedShape.Check(chunk, "chunk");
                Assert.False(chunk.TryGetProperty("usage", out _), "usage was not asked for");
                Assert.Equal(1, chunk.GetProperty("choices").GetArrayLength());
                Assert.Equal(chunks[0].GetProperty("id").GetString(), chunk.GetProperty("id").GetString());
                Assert.Equal(chunks[0].GetProperty("created").GetInt64(), chunk.GetProperty("created").GetInt64());
            }
        }
    }

    [Fact]
    public async Task Chunks_UsageAskedFor_LastHasItAndNoChoicesOthersHaveNull()
    {
        var chunks = await simulator.ChunksAsync(Body("\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        foreach (var chunk in chunks[..^1])
        {
            Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind);
            Assert.NotEqual(0, chunk.GetProperty("choices").GetArrayLength());
        }

        PublishedShape.Check(chunks[^1], "chunk");
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        var usage = chunks[^1].GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
        Assert.True(usage.GetProperty("completion_tokens_details").TryGetProperty("reasoning_tokens", out _));
        Assert.True(usage.GetProperty("prompt_tokens_details").TryGetProperty("cached_tokens", out _));
    }

    [Fact]
    public async Task Chunks_OfText_BeginWithTheRoleAndEndWithTheReason()
    {
        var chunks = await simulator.ChunksAsync(Body("\"stream\":true"));
        var first = chunks[0].GetProperty("choices")[0].GetProperty("delta");
        Assert.Equal("assistant", first.GetProperty("role").GetString());
        Assert.Equal("", first.GetProperty("content").GetString());
        var last = chunks[^1].GetProperty("choices")[0];
        Assert.Equal("{}", last.GetProperty("delta").GetRawText());
        Assert.Equal("stop", last.GetProperty("finish_reason").GetString());
        Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind));
    }

    [Fact]
    public async Task Models_ListAndOne_HaveThePublishedMembers()
    {
        var list = JsonDocument.Parse(await simulator.Client.GetStringAsync("/v1/models", RunningSimulator.Stop)).RootElement;
        PublishedShape.Check(list, "models");
        var id = list.GetProperty("data")[0].GetProperty("id").GetString();
        var one = JsonDocument.Parse(await simulator.Client.GetStringAsync($"/v1/models/{id}", RunningSimulator.Stop)).RootElement;
        PublishedShape.Check(one, "model");
    }

    [Fact]
    public async Task Answer_AnyWay_SaysThatItIsSimulated()
    {
        using var response = await simulator.PostAsync(Body("\"max_tokens\":50"));
        Assert.Equal("true", response.Headers.GetValues("x-apishield-simulated").Single());
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(RunningSimulator.Stop)).RootElement;
        Assert.Equal("fp_simulated", answer.GetProperty("system_fingerprint").GetString());
        Assert.StartsWith("[simulated] ", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);

        using var error = await simulator.PostAsync("{}");
        Assert.Equal("true", error.Headers.GetValues("x-apishield-simulated").Single());
    }

    private static string Body(string members, string model = "sim-chat") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"What does a comet look like?"}],{{members}}}""";
}
