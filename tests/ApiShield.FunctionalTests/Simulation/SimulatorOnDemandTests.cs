using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>What the simulator does when told to, and what its books say afterwards.</summary>
public sealed class SimulatorOnDemandTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    private const string Plain = """{"model":"sim-chat","messages":[{"role":"user","content":"What is a comet?"}]}""";
    private const string Streamed = """{"model":"sim-chat","stream":true,"messages":[{"role":"user","content":"What is a comet?"}]}""";

    [Fact]
    public async Task Status_WithRetryAfter_IsSentSo()
    {
        using var response = await simulator.PostAsync(Plain, "status=429, retry-after=5, retry-after-ms=4900");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter?.Delta);
        Assert.Equal("4900", response.Headers.GetValues("retry-after-ms").Single());
        PublishedShape.Check(JsonDocument.Parse(await response.Content.ReadAsStringAsync(RunningSimulator.Stop)).RootElement, "errorBody");
    }

    [Theory]
    [InlineData("stauts=429")]
    [InlineData("status=200")]
    [InlineData("tokens=many")]
    [InlineData("hang=1")]
    public async Task Directive_Misspelt_IsRefused(string directive)
    {
        using var response = await simulator.PostAsync(Plain, directive);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("abort-after-tokens", await response.Content.ReadAsStringAsync(RunningSimulator.Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ErrorEvent_InAStream_IsTheLast()
    {
        var events = await simulator.EventsAsync(Streamed, "error-event-after=3");
        Assert.Equal(1 + 3 + 1, events.Count);
        PublishedShape.Check(JsonDocument.Parse(events[^1]).RootElement, "errorBody");
        using var whole = await simulator.PostAsync(Plain, "error-event-after=3");
        Assert.Equal(HttpStatusCode.InternalServerError, whole.StatusCode);
    }

    [Theory]
    [InlineData(Streamed, "abort-after-tokens=7")]
    [InlineData(Streamed, "reset-after-tokens=7")]
    [InlineData(Plain, "abort-after-tokens=7")]
    [InlineData(Plain, "reset-after-tokens=7")]
    public async Task Connection_BrokenOnDemand_IsNoCompleteAnswer(string body, string directive)
    {
        var key = $"broken {directive} {body.Length}";
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await simulator.PostAsync(body, directive, key);
            await response.Content.ReadAsStringAsync(RunningSimulator.Stop);
        });
        var books = simulator.Stats.ForKey(key);
        await Until(() => books.Dropped == 1);
        Assert.Equal((1, 0, 0), (books.Answered, books.Completed, books.CompletionTokens));
        Assert.Equal(body == Streamed ? 7 : 0, books.TokensBeforeAbort);
    }

    [Fact]
    public async Task Usage_NotToBeReported_IsNowhere()
    {
        Assert.False((await simulator.AskAsync(Plain, "no-usage")).TryGetProperty("usage", out _));
        var chunks = await simulator.ChunksAsync(Streamed.Replace("true,", "true,\"stream_options\":{\"include_usage\":true},", StringComparison.Ordinal), "no-usage");
        Assert.All(chunks, chunk => Assert.NotEqual(0, chunk.GetProperty("choices").GetArrayLength()));
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Streamed)]
    public async Task Gzip_OnDemand_IsTheSameCompressed(string body)
    {
        using var response = await simulator.PostAsync(body, "gzip-response");
        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        await using var unzipped = new GZipStream(await response.Content.ReadAsStreamAsync(RunningSimulator.Stop), CompressionMode.Decompress);
        using var reader = new StreamReader(unzipped);
        var text = await reader.ReadToEndAsync(RunningSimulator.Stop);
        if (body == Plain) PublishedShape.Check(JsonDocument.Parse(text).RootElement, "completion");
        else Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hang_UntilTheClientLeaves_IsAnAbort()
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(RunningSimulator.Stop);
        using var content = new StringContent(Plain.Replace("sim-chat", "sim-chat:hang", StringComparison.Ordinal));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
        request.Headers.Add("Authorization", "Bearer hanging");
        var pending = simulator.Client.SendAsync(request, leave.Token);
        await Until(() => simulator.Stats.ForKey("hanging").Requests == 1);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        await Until(() => simulator.Stats.ForKey("hanging").Aborted == 1);
        Assert.Equal(0, simulator.Stats.ForKey("hanging").Answered);
    }

    [Fact]
    public async Task Delay_PerToken_PacesTheStream()
    {
        var watch = Stopwatch.StartNew();
        var chunks = await simulator.ChunksAsync(Streamed, "tokens=20, delay-ms-per-token=10, first-token-delay-ms=100");

        // Never early; how late depends on the machine.
        Assert.True(watch.Elapsed >= TimeSpan.FromMilliseconds(280), $"took {watch.Elapsed}");
        Assert.Equal(1 + 20 + 1, chunks.Count);
    }

    [Fact]
    public async Task Abort_ByTheClient_StopsProductionAtOnce()
    {
        var response = await simulator.PostAsync(Streamed, "tokens=100000, delay-ms-per-token=1", "leaver");
        var stream = await response.Content.ReadAsStreamAsync(RunningSimulator.Stop);
        using (var reader = new StreamReader(stream))
            for (var lines = 0; lines < 20; lines++) Assert.NotNull(await reader.ReadLineAsync(RunningSimulator.Stop));
        response.Dispose();

        var books = simulator.Stats.ForKey("leaver");
        await Until(() => books.Aborted == 1);

        // Ten events were read, the first without a token; the whole answer would have taken 100 seconds.
        Assert.InRange(books.TokensBeforeAbort, 9, 50_000);
        Assert.Equal(books.TokensBeforeAbort, books.TokensWritten);
        Assert.Equal((1, 0, 0), (books.Answered, books.Completed, books.CompletionTokens));
        var written = books.TokensWritten;
        await simulator.AskAsync(Plain);
        Assert.Equal(written, books.TokensWritten);
    }

    [Fact]
    public async Task Abort_OfAStreamWithoutDelay_StopsProductionToo()
    {
        // Far more than fits the buffers between: the simulator must wait for its reader, and stop when it goes.
        var response = await simulator.PostAsync(Streamed, "tokens=150000", "fast leaver");
        response.Dispose();
        var books = simulator.Stats.ForKey("fast leaver");
        await Until(() => books.Aborted == 1);
        Assert.InRange(books.TokensWritten, 0, 149_999);
    }

    [Fact]
    public async Task Books_AfterAnswers_HoldWhatUsageSaid()
    {
        long prompt = 0;
        long completion = 0;
        for (var i = 0; i < 10; i++)
        {
            using var response = await simulator.PostAsync(Plain.Replace("comet", $"comet {i}", StringComparison.Ordinal), null, "bookkeeper");
            var usage = JsonDocument.Parse(await response.Content.ReadAsStringAsync(RunningSimulator.Stop)).RootElement.GetProperty("usage");
            prompt += usage.GetProperty("prompt_tokens").GetInt64();
            completion += usage.GetProperty("completion_tokens").GetInt64();
        }

        using var refused = await simulator.PostAsync("{}", null, "bookkeeper");
        var books = simulator.Stats.ForKey("bookkeeper");
        Assert.Equal((11, 10, 10, 1), (books.Requests, books.Answered, books.Completed, books.Refused));
        Assert.Equal((prompt, completion), (books.PromptTokens, books.CompletionTokens));

        var page = await simulator.Client.GetStringAsync("/simulator/stats", RunningSimulator.Stop);
        Assert.DoesNotContain("bookkeeper", page, StringComparison.Ordinal);
        Assert.Contains($"\"completion_tokens\":{completion},", page, StringComparison.Ordinal);
    }

    private static async Task Until(Func<bool> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(RunningSimulator.Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (!condition()) await Task.Delay(5, deadline.Token);
    }
}
