using System.Net;
using System.Net.Sockets;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Upstreams;

/// <summary>Model APIs that fail: the caller gets an answer in shape, and is charged what was used.</summary>
public sealed class UpstreamFailureTests
{
    private const string Rules = """
        version: 1
        quotas:
          - { name: r, unit: requests, limit: 1000, window: 1h }
          - { name: in, unit: inputTokens, limit: 100M, window: 1h }
          - { name: out, unit: outputTokens, limit: 100M, window: 1h }
          - { name: c, unit: concurrentRequests, limit: 5 }
        """;

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Upstream_AnswersWithAnError_PassesItOnAndIsChargedNoTokens(int status)
    {
        await using var proxy = await TestProxy.StartAsync(Rules);
        foreach (var stream in (IEnumerable<bool>)[false, true])
        {
            var answer = await proxy.ChatAsync(ChatRequests.Body(stream: stream), more: request => request.Headers.Add("x-simulate", $"status={status},retry-after=7"));
            Assert.Equal(status, answer.Status);
            Assert.Equal("7", answer["retry-after"]);
            Assert.Equal("true", answer["x-apishield-simulated"]);
            Assert.True(answer.Json.TryGetProperty("error", out _));
        }
        await AssertCharged(proxy, 2, 0, 0);
    }

    [Fact]
    public async Task Upstream_RefusesConnections_IsA502InShape()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        await using var proxy = await TestProxy.StartAsync(Rules, new Uri($"http://127.0.0.1:{port}"));
        foreach (var stream in (IEnumerable<bool>)[false, true])
        {
            var answer = (await proxy.ChatAsync(ChatRequests.Body(stream: stream))).AssertOpenAIError(502);
            Assert.Equal("server_error", answer.Error.GetProperty("type").GetString());
            Assert.Equal("upstream_unavailable", answer.Error.GetProperty("code").GetString());
            Assert.DoesNotContain(port.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Text, StringComparison.Ordinal);
        }
        await AssertCharged(proxy, 2, 0, 0);
    }

    [Fact]
    public async Task Upstream_BreaksOffBeforeItsAnswer_IsA502InShape()
    {
        await using var upstream = await ScriptedUpstream.StartAsync(static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        (await proxy.ChatAsync(ChatRequests.Body())).AssertOpenAIError(502);
        await AssertCharged(proxy, 1, 0, 0);
    }

    [Fact]
    public async Task Upstream_TakesTooLong_IsA504InShape()
    {
        await using var proxy = await TestProxy.StartAsync(Rules, null, ("ReverseProxy:Clusters:models:HttpRequest:ActivityTimeout", "00:00:00.3"));
        var answer = (await proxy.ChatAsync(ChatRequests.Body(model: "sim-chat:hang"))).AssertOpenAIError(504);
        Assert.Equal("upstream_timeout", answer.Error.GetProperty("code").GetString());
        await AssertCharged(proxy, 1, 0, 0);
    }

    [Theory]
    [InlineData("abort-after-tokens=30", true, 30)]
    [InlineData("reset-after-tokens=30,delay-ms-per-token=1", true, 1)]
    [InlineData("abort-after-tokens=30", false, 10)]
    public async Task Upstream_BreaksOffInItsAnswer_BreaksOffTheCallersAndIsCharged(string directive, bool stream, int least)
    {
        await using var proxy = await TestProxy.StartAsync(Rules);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => proxy.ChatAsync(ChatRequests.Body(model: $"sim-chat:tokens=60,{directive}", stream: stream)));
        Assert.InRange((await proxy.QuotaAsync("out")).Used, least, 1000);
        Assert.InRange((await proxy.QuotaAsync("in")).Used, 5, 100);
        Assert.Equal(0, (await proxy.QuotaAsync("c")).Held);
    }

    [Fact]
    public async Task Caller_BreaksOffItsBody_IsNotSaidToBeTheUpstreamsFault()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var answer = await RawHttp.SendAsync(proxy.Host.Address,
            "POST /other/thing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n"u8.ToArray());
        Assert.Equal(400, answer.Status);
        Assert.Equal("application/problem+json", answer["content-type"]);
        Assert.DoesNotContain("upstream", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ConnectionHeaders_AreForOneHopOnly(bool chat)
    {
        await using var upstream = await ScriptedUpstream.StartAsync(static context =>
        {
            context.Response.Headers.Connection = "X-Down-Secret, x-down-other";
            context.Response.Headers["x-down-secret"] = "1";
            context.Response.Headers["x-down-other"] = "1";
            context.Response.Headers["x-down-open"] = "1";
            return ScriptedUpstream.Completion(context);
        });
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        using var request = chat ? ChatRequests.Post(ChatRequests.Body()) : new HttpRequestMessage(HttpMethod.Get, "/other/thing");
        request.Headers.Connection.Add("X-Up-Secret");
        request.Headers.Connection.Add("x-up-other");
        foreach (var name in (IEnumerable<string>)["x-up-secret", "x-up-other", "x-up-open"]) request.Headers.Add(name, "1");
        var answer = await proxy.SendAsync(request);
        Assert.Equal(200, answer.Status);
        Assert.True(upstream.Received.TryDequeue(out var received));
        Assert.Equal((null, null, "1"), (received["x-up-secret"], received["x-up-other"], received["x-up-open"]));
        Assert.Equal((null, null, "1"), (answer["x-down-secret"], answer["x-down-other"], answer["x-down-open"]));
    }

    [Fact]
    public async Task Preflight_IsForwardedUnchargedWithoutHopHeaders()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        using var request = new HttpRequestMessage(HttpMethod.Options, "/v1/chat/completions");
        request.Headers.Add("Origin", "https://example.com");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("api-key", "test-key");
        request.Headers.Add("x-up-secret", "1");
        request.Headers.Connection.Add("x-up-secret");
        Assert.Equal(200, (await proxy.SendAsync(request)).Status);
        Assert.True(upstream.Received.TryDequeue(out var received));
        Assert.Null(received["x-up-secret"]);
        Assert.Equal(0, (await proxy.QuotaAsync("r")).Used);
    }

    private static async Task AssertCharged(TestProxy proxy, long requests, long input, long output)
    {
        Assert.Equal(requests, (await proxy.QuotaAsync("r")).Used);
        foreach (var (rule, used) in (IEnumerable<(string, long)>)[("in", input), ("out", output), ("c", 0)])
        {
            var state = await proxy.QuotaAsync(rule);
            Assert.Equal((rule, used, 0), (rule, state.Used, state.Held));
        }
    }
}
