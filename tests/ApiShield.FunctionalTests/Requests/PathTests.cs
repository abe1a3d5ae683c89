using System.Text;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Requests;

/// <summary>Spellings of paths: what the upstream would take for a chat request is inspected or refused, never waved through.</summary>
public sealed class PathTests
{
    private const string Rules = "version: 1\nquotas: [{ name: t, unit: outputTokens, limit: 1000, window: 1h }]";

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/%63hat/completions")]
    [InlineData("/v1/chat/completion%73")]
    [InlineData("/v1/x/../chat/completions")]
    [InlineData("/v1/./chat/completions")]
    [InlineData("/v1/chat/completions?x=1&y=%20")]
    [InlineData("http://localhost/v1/chat/completions")]
    public async Task Path_ThatMeansChat_IsInspected(string target)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var answer = await Send(proxy, "POST", target);
        Assert.True(answer.Status == 200, answer.Text);
        Assert.True(upstream.Received.TryDequeue(out var received));
        Assert.Equal("/v1/chat/completions", received.Target.Split('?')[0]);
        Assert.Equal(2, (await proxy.QuotaAsync("t")).Used);
    }

    [Theory]
    [InlineData("POST", "/V1/chat/completions")]
    [InlineData("POST", "/v1/Chat/Completions")]
    [InlineData("POST", "/v1/chat/completions/")]
    [InlineData("POST", "/v1//chat/completions")]
    [InlineData("POST", "/v1/chat//completions")]
    [InlineData("POST", "/v1/chat%2Fcompletions")]
    [InlineData("POST", "/v1/chat/completions%00")]
    [InlineData("POST", "/v1/chat/completions%20")]
    [InlineData("POST", "/v1/chat/completions;x=1")]
    [InlineData("POST", "/v1/%2563hat/completions")]
    [InlineData("POST", "/v1/chat\\completions")]
    [InlineData("POST", "/v1/completions")]
    [InlineData("POST", "/v1/responses")]
    [InlineData("POST", "/v1/embeddings")]
    [InlineData("POST", "/v1/models")]
    [InlineData("GET", "/v1/chat/completions")]
    [InlineData("PUT", "/v1/chat/completions")]
    [InlineData("post", "/v1/chat/completions")]
    [InlineData("GET", "/v1/models/a/b")]
    [InlineData("GET", "/v1/files")]
    [InlineData("DELETE", "/v1/models/x")]
    [InlineData("GET", "/v1/")]
    public async Task Path_ThatIsNotServed_IsRefusedInShape(string method, string target)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var answer = await Send(proxy, method, target);
        Assert.Empty(upstream.Received);
        if (target.EndsWith("%00", StringComparison.Ordinal)) Assert.InRange(answer.Status, 400, 404); // The server's own refusal.
        else Assert.Equal("unknown_url", answer.AssertOpenAIError(404).Error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("//v1/chat/completions")]
    [InlineData("/v2/chat/completions")]
    [InlineData("/v1/../../etc/passwd")]
    [InlineData("/metrics")]
    [InlineData("/quotas/test")]
    [InlineData("/health/ready")]
    public async Task Path_OfNoRoute_IsNotFound(string target)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        Assert.Equal(404, (await Send(proxy, "POST", target)).Status);
        Assert.Empty(upstream.Received);
    }

    private static Task<ChatAnswer> Send(TestProxy proxy, string method, string target)
    {
        var body = method == "GET" ? "" : ChatRequests.Body();
        return RawHttp.SendAsync(proxy.Host.Address, Encoding.Latin1.GetBytes(
            $"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer test-key\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
    }
}
