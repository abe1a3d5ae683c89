using System.Text;
using System.Text.Json;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Streams;

/// <summary>Streams are charged what they really used, and their clients see the events that they asked for, byte for byte.</summary>
public sealed class UsageEventTests
{
    private const string Rules = "version: 1\nquotas: [{ name: in, unit: inputTokens, limit: 100M, window: 1h }, { name: out, unit: outputTokens, limit: 100M, window: 1h }]";

    public static TheoryData<string, bool> Options => new()
    {
        { "", false },
        { ",\"stream_options\":null", false },
        { ",\"stream_options\":{}", false },
        { ",\"stream_options\":{ }", false },
        { ",\"stream_options\":{\"include_usage\":false}", false },
        { ",\"stream_options\": { \"include_usage\" : null } ", false },
        { ",\"stream_options\":{\"include_obfuscation\":false}", false },
        { ",\"stream_options\":{\"include_usage\":false,\"include_obfuscation\":{\"include_usage\":true}}", false },
        { ",\"stream_options\":{\"x\":[{}],\"include\\u005fusage\":false}", false },
        { ",\"stream_options\":{\"include_usage\":true}", true },
        { ",\"stream_options\":{\"x\":null,\"include_usage\":true}", true },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public async Task Stream_WithTheseOptions_IsChargedTheTruthAndShowsUsageOnlyToWhoAsked(string options, bool asked)
    {
        await using var proxy = await TestProxy.StartAsync(Rules);
        for (var i = 0; i < 3; i++)
        {
            var answer = await proxy.ChatAsync(ChatRequests.Body($"Tell me about number {i}", stream: true, more: options));
            Assert.Equal(200, answer.Status);
            Assert.Equal("text/event-stream; charset=utf-8", answer["content-type"]);
            Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal);
            Assert.Equal(asked, answer.Text.Contains("\"choices\":[]", StringComparison.Ordinal));
            Assert.Equal(asked, answer.Text.Contains("\"completion_tokens\"", StringComparison.Ordinal));
        }

        var input = await proxy.QuotaAsync("in");
        var output = await proxy.QuotaAsync("out");
        Assert.Equal((proxy.Upstream.Total.PromptTokens, 0), (input.Used, input.Held));
        Assert.Equal((proxy.Upstream.Total.CompletionTokens, 0), (output.Used, output.Held));
    }

    [Theory]
    [MemberData(nameof(Options))]
    public async Task Body_OfAStream_ChangesOnlyWhereUsageIsAskedFor(string options, bool asked)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var body = ChatRequests.Body(stream: true, more: options);
        await proxy.ChatAsync(body);
        Assert.True(upstream.Received.TryDequeue(out var received));
        if (asked) Assert.Equal(body, Encoding.UTF8.GetString(received.Body));
        Assert.Equal(received.Body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), received["content-length"]);
        Assert.Equal("identity", received["accept-encoding"]);

        using var before = JsonDocument.Parse(body);
        using var after = JsonDocument.Parse(received.Body, new JsonDocumentOptions { AllowDuplicateProperties = false });
        Assert.True(after.RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        foreach (var member in before.RootElement.EnumerateObject())
        {
            if (member.NameEquals("stream_options")) continue;
            Assert.Equal(member.Value.GetRawText(), after.RootElement.GetProperty(member.Name).GetRawText());
        }
        if (!before.RootElement.TryGetProperty("stream_options", out var old) || old.ValueKind != JsonValueKind.Object) return;
        foreach (var member in old.EnumerateObject().Where(member => !member.NameEquals("include_usage")))
            Assert.Equal(member.Value.GetRawText(), after.RootElement.GetProperty("stream_options").GetProperty(member.Name).GetRawText());
    }

    [Theory]
    [InlineData("\n", false)]
    [InlineData("\n", true)]
    [InlineData("\r\n", false)]
    [InlineData("\r\n", true)]
    public async Task Events_InAnyPieces_ArriveByteForByteWithoutTheUsageNobodyAskedFor(string line, bool asked)
    {
        var events = SseScript.Events(line);
        var all = events.SelectMany(one => one).ToArray();
        var expected = events.Where(one => asked || !SseScript.IsUsage(one)).SelectMany(one => one).ToArray();
        var seed = 0;
        await using var upstream = await ScriptedUpstream.StartAsync(context => SseScript.SendInPieces(context, all, new Random(Interlocked.Increment(ref seed))));
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        const int times = 60;
        for (var i = 0; i < times; i++)
        {
            var answer = await proxy.ChatAsync(ChatRequests.Body(stream: true, more: asked ? ",\"stream_options\":{\"include_usage\":true}" : ""));
            Assert.Equal(Encoding.UTF8.GetString(expected), answer.Text);
        }
        Assert.Equal(times * SseScript.Input, (await proxy.QuotaAsync("in")).Used);
        Assert.Equal(times * SseScript.Output, (await proxy.QuotaAsync("out")).Used);
    }

    [Fact]
    public async Task Event_Sent_ArrivesBeforeTheNextIsSent()
    {
        var events = SseScript.Events().Where(one => !SseScript.IsUsage(one)).ToArray();
        using var arrived = new SemaphoreSlim(0);
        await using var upstream = await ScriptedUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            foreach (var one in events)
            {
                await context.Response.Body.WriteAsync(one, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await arrived.WaitAsync(context.RequestAborted);
            }
        });
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        using var request = ChatRequests.Post(ChatRequests.Body(stream: true));
        using var response = await proxy.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        foreach (var one in events)
        {
            var bytes = new byte[one.Length];
            await stream.ReadExactlyAsync(bytes, patience.Token);
            Assert.Equal(one, bytes);
            arrived.Release();
        }
        Assert.Equal(0, await stream.ReadAsync(new byte[1], patience.Token));
    }

    [Fact]
    public async Task Stream_LastEventNotClosed_IsPassedOn()
    {
        const string text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]";
        await using var upstream = await ScriptedUpstream.StartAsync(context => SseScript.SendInPieces(context, Encoding.UTF8.GetBytes(text), new Random(1)));
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        Assert.Equal(text, (await proxy.ChatAsync(ChatRequests.Body(stream: true))).Text);
    }

    [Fact]
    public async Task Stream_EventLargerThanIsHeld_IsPassedOnAndCharged()
    {
        var text = $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{new string('x', 6 << 20)}\"}}}}]}}\n\ndata: [DONE]\n\n";
        await using var upstream = await ScriptedUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        });
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        Assert.Equal(text, (await proxy.ChatAsync(ChatRequests.Body(stream: true))).Text);
        Assert.InRange((await proxy.QuotaAsync("out")).Used, 1000, 10_000_000);
    }

    [Theory]
    [InlineData("no-usage", true)]
    [InlineData("no-usage", false)]
    [InlineData("gzip-response", true)]
    [InlineData("gzip-response", false)]
    [InlineData("error-event-after=30", true)]
    public async Task Answer_WhoseUsageIsNeverSeen_IsChargedForWhatWasRelayed(string directive, bool stream)
    {
        await using var proxy = await TestProxy.StartAsync(Rules);
        var answer = await proxy.ChatAsync(ChatRequests.Body(model: $"sim-chat:tokens=60,{directive}", stream: stream));
        Assert.Equal(200, answer.Status);
        var least = directive switch { "gzip-response" => 1, "no-usage" => 60, _ => 30 };
        Assert.InRange((await proxy.QuotaAsync("out")).Used, least, 1000);
        Assert.InRange((await proxy.QuotaAsync("in")).Used, proxy.Upstream.Total.PromptTokens, 100);
    }
}
