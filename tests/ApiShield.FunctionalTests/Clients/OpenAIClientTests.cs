using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json.Nodes;
using ApiShield.FunctionalTests.Hosting;
using OpenAI;
using OpenAI.Chat;
using Xunit;

namespace ApiShield.FunctionalTests.Clients;

/// <summary>The official OpenAI library for .NET, through the proxy and around it.</summary>
public sealed class OpenAIClientTests
{
    private const string Generous = "version: 1\nquotas: [{ name: t, unit: totalTokens, limit: 100M, window: 1h }, { name: c, unit: concurrentRequests, limit: 1 }]";

    /// <summary>Requests of different kinds, by name.</summary>
    private static readonly Dictionary<string, (string Model, Func<ChatCompletionOptions> Options)> Kinds = new()
    {
        ["plain"] = ("sim-chat", () => new ChatCompletionOptions()),
        ["short"] = ("sim-chat", () => new ChatCompletionOptions { MaxOutputTokenCount = 12, Temperature = 0.5f, StopSequences = { "###" } }),
        ["logprobs"] = ("sim-chat", () => new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 3, MaxOutputTokenCount = 20 }),
        ["tool"] = ("sim-chat", () => new ChatCompletionOptions
        {
            Tools = { ChatTool.CreateFunctionTool("weather", "Tells the weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""")) },
            ToolChoice = ChatToolChoice.CreateFunctionChoice("weather"),
        }),
        ["json"] = ("sim-chat", () => new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() }),
        ["long"] = ("sim-chat:tokens=900", () => new ChatCompletionOptions()),
        ["reasoning"] = ("sim-reasoner", () => new ChatCompletionOptions()),
    };

    public static TheoryData<string> KindNames => [.. Kinds.Keys];

    [Theory]
    [MemberData(nameof(KindNames))]
    public async Task Completion_ThroughTheProxy_IsTheSameTypedObject(string kind)
    {
        await using var proxy = await TestProxy.StartAsync(Generous);
        var (model, options) = Kinds[kind];
        var direct = await Client(Direct(proxy), model).CompleteChatAsync(Messages(), options(), TestContext.Current.CancellationToken);
        var through = await Client(proxy.Host.Address, model).CompleteChatAsync(Messages(), options(), TestContext.Current.CancellationToken);
        Assert.Equal(Comparable(direct.Value), Comparable(through.Value));
        Assert.Equal(direct.Value.Content.Select(part => part.Text), through.Value.Content.Select(part => part.Text));
        Assert.Equal(direct.Value.FinishReason, through.Value.FinishReason);
        Assert.True(through.Value.Usage.TotalTokenCount > 0);
        Assert.Equal(direct.Value.Usage.TotalTokenCount, through.Value.Usage.TotalTokenCount);
        Assert.Equal(through.Value.Usage.TotalTokenCount, (await proxy.QuotaAsync("t")).Used);
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public async Task Stream_ThroughTheProxy_GivesTheSameTypedUpdates(string kind)
    {
        await using var proxy = await TestProxy.StartAsync(Generous);
        var (model, options) = Kinds[kind];
        var direct = await StreamAsync(Client(Direct(proxy), model), options());
        var through = await StreamAsync(Client(proxy.Host.Address, model), options());
        Assert.Equal(direct.Select(Comparable), through.Select(Comparable));
        Assert.True(through.Count > 5);
        var usage = Assert.Single(through, update => update.Usage is not null).Usage;
        Assert.Equal(usage.TotalTokenCount, (await proxy.QuotaAsync("t")).Used);
    }

    [Fact]
    public async Task Streams_OneAfterAnotherOnOneSlot_AreNeverRefused()
    {
        await using var proxy = await TestProxy.StartAsync(Generous);
        var client = Client(proxy.Host.Address, "sim-chat:tokens=5", new ClientRetryPolicy(0));
        for (var i = 0; i < 100; i++) Assert.NotEmpty(await StreamAsync(client, new ChatCompletionOptions()));
    }

    [Fact]
    public async Task Refusal_OfTheQuota_IsTheLibrarysOwnException()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: r, unit: requests, limit: 1, window: 1h }]");
        var client = Client(proxy.Host.Address, "sim-chat", new RecordedRetries());
        await client.CompleteChatAsync(Messages(), cancellationToken: TestContext.Current.CancellationToken);
        var whole = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(Messages(), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(429, whole.Status);
        Assert.Contains("rate_limit_exceeded", whole.Message, StringComparison.Ordinal);
        Assert.Contains("limit 1 requests per 1h", whole.Message, StringComparison.Ordinal);
        var streamed = await Assert.ThrowsAsync<ClientResultException>(() => StreamAsync(client, new ChatCompletionOptions()));
        Assert.Equal(429, streamed.Status);
        Assert.Equal(1, proxy.Upstream.Total.Requests);
    }

    [Fact]
    public async Task Refusal_OfTheRequest_IsTheLibrarysOwnExceptionWithoutRetry()
    {
        await using var proxy = await TestProxy.StartAsync(Generous);
        var retries = new RecordedRetries();
        var client = Client(proxy.Host.Address, "sim-chat", retries);
        var refused = await Assert.ThrowsAsync<ClientResultException>(() =>
            client.CompleteChatAsync(Messages(), new ChatCompletionOptions { MaxOutputTokenCount = -5 }, TestContext.Current.CancellationToken));
        Assert.Equal(400, refused.Status);
        Assert.Contains("max_completion_tokens", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, retries.Attempts);
    }

    [Fact]
    public async Task Stream_CutByTheQuota_EndsWithAnException()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: out, unit: outputTokens, limit: 60, window: 1h, onExhausted: cut }]");
        foreach (var pace in (IEnumerable<string>)["", ",delay-ms-per-token=1"])
        {
            var text = "";
            var client = Client(proxy.Host.Address, $"sim-chat:tokens=400{pace}", key: "key-for-" + pace.Length.ToString(CultureInfo.InvariantCulture));
            var error = await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await foreach (var update in client.CompleteChatStreamingAsync(Messages(), cancellationToken: TestContext.Current.CancellationToken))
                    text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            });
            Assert.IsNotType<OperationCanceledException>(error);
            Assert.StartsWith("[simulated]", text, StringComparison.Ordinal);
        }
        Assert.Equal(2, await proxy.MetricAsync("apishield_streams_cut_total"));
    }

    /// <summary>
    /// What the library does when it is refused: requests it sends, and what it waits before the second. It obeys Retry-After however long, and does not
    /// know x-should-retry; without Retry-After it waits as it likes.
    /// </summary>
    [Theory]
    [InlineData("wait of 5 s", "window: 5s", null, 4)]
    [InlineData("wait of 61 s", "window: 1m", "false", 4)]
    [InlineData("wait of 121 s", "window: 2m", "false", 4)]
    [InlineData("request larger than the limit", null, "false", 4)]
    public async Task Refusal_ByLengthOfItsWait_MakesTheLibraryRetryLikeThis(string refusal, string? window, string? shouldRetry, int attempts)
    {
        var rule = window is null ? "unit: inputTokens, limit: 1, window: 1m" : $"unit: requests, limit: 1, {window}";
        await using var proxy = await TestProxy.StartAsync($"version: 1\nquotas: [{{ name: r, {rule} }}]");
        var retries = new RecordedRetries();
        var client = Client(proxy.Host.Address, "sim-chat", retries);
        if (window is not null) await Client(proxy.Host.Address, "sim-chat").CompleteChatAsync(Messages(), cancellationToken: TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(Messages(), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(429, refused.Status);
        Assert.Equal(shouldRetry, retries.ShouldRetryHeader);
        Assert.Equal(attempts, retries.Attempts);
        Assert.Equal(attempts - 1, retries.Gaps.Count);
        if (window is null)
        {
            Assert.Null(retries.RetryAfter);
            Assert.InRange(retries.Gaps[0].TotalSeconds, 0.1, 2);
            return;
        }

        var least = window switch { "window: 5s" => 5, "window: 1m" => 60, _ => 120 };
        var wait = int.Parse(retries.RetryAfter!, CultureInfo.InvariantCulture);
        Assert.True(wait >= least && wait <= least + 2, $"{refusal}: Retry-After {wait}");
        Assert.Equal(TimeSpan.FromSeconds(wait), retries.Gaps[0]);
    }

    private static Uri Direct(TestProxy proxy) => new(proxy.Host.Loaded.Configuration["ReverseProxy:Clusters:models:Destinations:simulator:Address"]!);

    private static ChatMessage[] Messages() => [new SystemChatMessage("Be brief."), new UserChatMessage("What is a sliding window?")];

    private static ChatClient Client(Uri address, string model, ClientRetryPolicy? retries = null, string key = "test-key") => new(model, new ApiKeyCredential(key), new OpenAIClientOptions
    {
        Endpoint = new Uri(address, "/v1"),
        RetryPolicy = retries ?? new ClientRetryPolicy(0),
        Transport = new HttpClientPipelineTransport(new HttpClient(new SocketsHttpHandler { UseProxy = false })),
    });

    private static async Task<List<StreamingChatCompletionUpdate>> StreamAsync(ChatClient client, ChatCompletionOptions options)
    {
        var updates = new List<StreamingChatCompletionUpdate>();
        await foreach (var update in client.CompleteChatStreamingAsync(Messages(), options, TestContext.Current.CancellationToken)) updates.Add(update);
        return updates;
    }

    /// <summary>The typed object as JSON, without what differs from one answer to the next.</summary>
    private static string Comparable<T>(T typed)
        where T : IPersistableModel<T>
    {
        var json = JsonNode.Parse(ModelReaderWriter.Write(typed))!.AsObject();
        Assert.True(json.Remove("id"));
        Assert.True(json.Remove("created"));
        return json.ToJsonString();
    }
}
