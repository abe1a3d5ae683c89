using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using ApiShield.Proxy.Simulation;
using OpenAI;
using OpenAI.Chat;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>The simulator through OpenAI's own .NET library.</summary>
public sealed class OpenAiLibraryTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    private static readonly ChatMessage[] Messages =
        [new SystemChatMessage("Be brief."), new UserChatMessage("How do I balance a monthly budget of 2000?")];

    [Fact]
    public async Task Answer_Whole_HasTextReasonAndUsage()
    {
        ChatCompletion answer = await Client().CompleteChatAsync(Messages, cancellationToken: RunningSimulator.Stop);
        Assert.Equal(ChatMessageRole.Assistant, answer.Role);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal("sim-chat", answer.Model);
        Assert.Equal("fp_simulated", answer.SystemFingerprint);
        Assert.StartsWith("[simulated] ", answer.Content.Single().Text, StringComparison.Ordinal);
        Assert.Equal(Tokens(answer.Content.Single().Text), answer.Usage.OutputTokenCount);

        // 3 for the answer's beginning and for each message, and the texts.
        Assert.Equal(3 + 3 + Tokens("Be brief.") + 3 + Tokens("How do I balance a monthly budget of 2000?"), answer.Usage.InputTokenCount);
        Assert.Equal(answer.Usage.InputTokenCount + answer.Usage.OutputTokenCount, answer.Usage.TotalTokenCount);
        Assert.Equal(0, answer.Usage.OutputTokenDetails.ReasoningTokenCount);
    }

    [Fact]
    public async Task Answer_Streamed_IsTheSameOneTokenAnUpdate()
    {
        ChatCompletion whole = await Client().CompleteChatAsync(Messages, cancellationToken: RunningSimulator.Stop);
        var updates = await Updates(Messages);
        var pieces = updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text).Where(text => text.Length > 0).ToList();
        Assert.Equal(whole.Content.Single().Text, string.Concat(pieces));
        Assert.All(pieces, piece => Assert.Equal(1, Tokens(piece)));

        // The library asks for usage by itself.
        var usage = Assert.Single(updates, update => update.Usage is not null).Usage;
        Assert.Equal(pieces.Count, usage.OutputTokenCount);
        Assert.Equal(whole.Usage.OutputTokenCount, usage.OutputTokenCount);
        Assert.Equal(whole.Usage.InputTokenCount, usage.InputTokenCount);
        Assert.Equal(ChatMessageRole.Assistant, updates[0].Role);
        Assert.Equal(ChatFinishReason.Stop, Assert.Single(updates, update => update.FinishReason is not null).FinishReason);
    }

    [Fact]
    public async Task Answer_Limited_IsTheBeginningOfTheWholeOne()
    {
        ChatCompletion whole = await Client().CompleteChatAsync(Messages, cancellationToken: RunningSimulator.Stop);
        foreach (var most in (int[])[1, 2, 5, 17])
        {
            ChatCompletion cut = await Client().CompleteChatAsync(Messages, new ChatCompletionOptions { MaxOutputTokenCount = most }, RunningSimulator.Stop);
            Assert.Equal(ChatFinishReason.Length, cut.FinishReason);
            Assert.Equal(most, cut.Usage.OutputTokenCount);
            Assert.StartsWith(cut.Content.Single().Text, whole.Content.Single().Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Answer_WithLogProbabilities_HasOneForEachToken()
    {
        var options = new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 4 };
        ChatCompletion whole = await Client().CompleteChatAsync(Messages, options, RunningSimulator.Stop);
        Assert.Equal(whole.Usage.OutputTokenCount, whole.ContentTokenLogProbabilities.Count);
        Assert.Equal(whole.Content.Single().Text, string.Concat(whole.ContentTokenLogProbabilities.Select(token => token.Token)));
        Assert.All(whole.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal(token.Token, Encoding.UTF8.GetString(token.Utf8Bytes!.Value.Span));
            Assert.Equal(4, token.TopLogProbabilities.Select(other => other.Token).Distinct().Count());
            Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability);
            Assert.True(token.TopLogProbabilities.Sum(other => Math.Exp(other.LogProbability)) <= 1.00001);
        });

        var streamed = (await Updates(Messages, options)).SelectMany(update => update.ContentTokenLogProbabilities).ToList();
        Assert.Equal(
            whole.ContentTokenLogProbabilities.Select(token => (token.Token, token.LogProbability)),
            streamed.Select(token => (token.Token, token.LogProbability)));
    }

    [Fact]
    public async Task ToolCall_Forced_FitsTheSchemaStreamedAndNot()
    {
        const string Schema =
            """
            {"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":2,"maximum":5},"unit":{"enum":["c","f"]},
             "hours":{"type":"array","items":{"type":"number"}},"deep":{"$ref":"#/$defs/deep"}},
             "$defs":{"deep":{"type":"object","properties":{"wet":{"type":"boolean"}}}},"required":["city"]}
            """;
        var options = new ChatCompletionOptions { ToolChoice = ChatToolChoice.CreateFunctionChoice("forecast") };
        options.Tools.Add(ChatTool.CreateFunctionTool("other"));
        options.Tools.Add(ChatTool.CreateFunctionTool("forecast", "Says what the weather will be.", BinaryData.FromString(Schema)));

        ChatCompletion whole = await Client().CompleteChatAsync(Messages, options, RunningSimulator.Stop);
        Assert.Equal(ChatFinishReason.ToolCalls, whole.FinishReason);
        var call = whole.ToolCalls.Single();
        Assert.Equal("forecast", call.FunctionName);
        Assert.Equal(Tokens(call.FunctionArguments.ToString()), whole.Usage.OutputTokenCount);
        var arguments = JsonDocument.Parse(call.FunctionArguments).RootElement;
        Assert.Equal(JsonValueKind.String, arguments.GetProperty("city").ValueKind);
        Assert.InRange(arguments.GetProperty("days").GetInt32(), 2, 5);
        Assert.Contains(arguments.GetProperty("unit").GetString(), (string[])["c", "f"]);
        Assert.All(arguments.GetProperty("hours").EnumerateArray(), hour => Assert.Equal(JsonValueKind.Number, hour.ValueKind));
        Assert.Contains(arguments.GetProperty("deep").GetProperty("wet").ValueKind, (JsonValueKind[])[JsonValueKind.True, JsonValueKind.False]);

        var pieces = (await Updates(Messages, options)).SelectMany(update => update.ToolCallUpdates).ToList();
        Assert.Equal(call.Id, pieces[0].ToolCallId);
        Assert.Equal("forecast", pieces[0].FunctionName);
        Assert.True(pieces.Count > 5, "the arguments come in pieces");
        Assert.Equal(call.FunctionArguments.ToString(), string.Concat(pieces.Select(piece => piece.FunctionArgumentsUpdate.ToString())));
    }

    [Fact]
    public async Task JsonAnswer_AskedFor_IsJson()
    {
        ChatCompletion any = await Client().CompleteChatAsync(
            Messages, new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() }, RunningSimulator.Stop);
        Assert.True(JsonDocument.Parse(any.Content.Single().Text).RootElement.GetProperty("simulated").GetBoolean());

        var format = ChatResponseFormat.CreateJsonSchemaFormat(
            "verdict", BinaryData.FromString("""{"type":"object","properties":{"fits":{"type":"boolean"}},"required":["fits"],"additionalProperties":false}"""));
        ChatCompletion shaped = await Client().CompleteChatAsync(Messages, new ChatCompletionOptions { ResponseFormat = format }, RunningSimulator.Stop);
        var only = Assert.Single(JsonDocument.Parse(shaped.Content.Single().Text).RootElement.EnumerateObject());
        Assert.Equal("fits", only.Name);
    }

    [Fact]
    public async Task Reasoning_AskedFor_IsCountedButNotShown()
    {
#pragma warning disable OPENAI001 // For evaluation only, says the library.
        var options = new ChatCompletionOptions { ReasoningEffortLevel = ChatReasoningEffortLevel.High };
#pragma warning restore OPENAI001
        ChatCompletion answer = await Client().CompleteChatAsync(Messages, options, RunningSimulator.Stop);
        var reasoning = answer.Usage.OutputTokenDetails.ReasoningTokenCount;
        Assert.InRange(reasoning, 250, 800);
        Assert.Equal(Tokens(answer.Content.Single().Text) + reasoning, answer.Usage.OutputTokenCount);

        var usage = (await Updates(Messages, options)).Single(update => update.Usage is not null).Usage;
        Assert.Equal(answer.Usage.OutputTokenCount, usage.OutputTokenCount);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Error_OnDemand_IsTheLibrarysException(int status)
    {
        var failure = await Assert.ThrowsAsync<ClientResultException>(
            () => Client($"sim-chat:status={status}").CompleteChatAsync(Messages, cancellationToken: RunningSimulator.Stop));
        Assert.Equal(status, failure.Status);
        Assert.Contains("[simulated]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_BrokenOff_ThrowsAfterTheTokensThatCame()
    {
        var pieces = new List<string>();
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var update in Client("sim-chat:tokens=50,abort-after-tokens=12").CompleteChatStreamingAsync(Messages, cancellationToken: RunningSimulator.Stop))
                pieces.AddRange(update.ContentUpdate.Select(part => part.Text).Where(text => text.Length > 0));
        });
        Assert.Equal(12, pieces.Count);
    }

    private static int Tokens(string text) => SimulatorTokenizer.Count(Encoding.UTF8.GetBytes(text));

    private ChatClient Client(string model = "sim-chat") => new(
        model,
        new ApiKeyCredential("test-key"),
        new OpenAIClientOptions { Endpoint = new Uri(simulator.Url, "/v1"), RetryPolicy = new ClientRetryPolicy(0) });

    private async Task<List<StreamingChatCompletionUpdate>> Updates(ChatMessage[] messages, ChatCompletionOptions? options = null)
    {
        var updates = new List<StreamingChatCompletionUpdate>();
        await foreach (var update in Client().CompleteChatStreamingAsync(messages, options, RunningSimulator.Stop)) updates.Add(update);
        return updates;
    }
}
