using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Callers;

/// <summary>Who a request is taken to come from.</summary>
public sealed class CallerTests
{
    private const string PerAddress = "version: 1\nquotas: [{ name: a, per: address, unit: requests, limit: 1, window: 1h }]";

    [Fact]
    public async Task ForwardedFor_FromAnybody_IsNotBelieved()
    {
        await using var proxy = await TestProxy.StartAsync(PerAddress);
        Assert.Equal("200 429 429", await Statuses(proxy, "1.1.1.1", "2.2.2.2", null));
    }

    [Fact]
    public async Task ForwardedFor_FromATrustedProxy_IsTheCaller()
    {
        await using var proxy = await TestProxy.StartAsync(PerAddress, null, ("ApiShield:TrustedProxies:0", "127.0.0.0/8"), ("ApiShield:TrustedProxies:1", "10.0.0.0/8"));
        Assert.Equal("200 429 200 429", await Statuses(proxy, "1.1.1.1", "1.1.1.1", "2.2.2.2", "::ffff:2.2.2.2"));

        // The nearest address that is no trusted proxy: what stands left of it, anybody may have written.
        Assert.Equal("429 429 200 429", await Statuses(proxy, "9.9.9.9, 1.1.1.1", "9.9.9.8, 1.1.1.1, 10.1.2.3", "4.4.4.4, 10.1.2.3", "4.4.4.4"));
        Assert.Equal("200 429 200 429", await Statuses(proxy, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1", "[2001:db8:1:3::1]:4711"));
        Assert.Equal("200 429 429", await Statuses(proxy, null, "not an address", "127.0.0.1"));
    }

    [Fact]
    public async Task ForwardedFor_FromOutsideTheTrustedNetwork_IsNotBelieved()
    {
        await using var proxy = await TestProxy.StartAsync(PerAddress, null, ("ApiShield:TrustedProxies:0", "10.0.0.0/8"));
        Assert.Equal("200 429", await Statuses(proxy, "1.1.1.1", "2.2.2.2"));
    }

    [Fact]
    public async Task Upstream_IsToldTheAddressThatIsBelieved()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(PerAddress, upstream.Address);
        await Statuses(proxy, "6.6.6.6");
        Assert.True(upstream.Received.TryDequeue(out var received));
        Assert.Equal("127.0.0.1", received["x-forwarded-for"]);
    }

    [Theory]
    [InlineData("Authorization: Bearer one\r\nx-api-key: two\r\n", 400)]
    [InlineData("Authorization: Bearer one\r\nAuthorization: Bearer two\r\n", 400)]
    [InlineData("x-api-key: one\r\napi-key: two\r\n", 400)]
    [InlineData("Authorization: Bearer one\r\nx-api-key: one\r\napi-key: one\r\n", 200)]
    [InlineData("Authorization: bearer one\r\n", 200)]
    [InlineData("AUTHORIZATION: BEARER   one  \r\n", 200)]
    [InlineData("api-key: one\r\n", 200)]
    [InlineData("Authorization: one\r\n", 200)]
    [InlineData("Authorization:\r\nx-api-key: one\r\n", 200)]
    public async Task Keys_InSeveralHeaders_AreOneKeyOrRefused(string headers, int status)
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: r, unit: requests, limit: 10, window: 1h }]");
        var body = ChatRequests.Body();
        var answer = await RawHttp.SendAsync(proxy.Host.Address, Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {body.Length}\r\n\r\n{body}"));
        Assert.Equal(status, answer.Status);
        if (status == 400) Assert.Equal("ambiguous_api_key", answer.AssertOpenAIError(400).Error.GetProperty("code").GetString());
        Assert.Equal(status == 200 ? 1 : 0, (await proxy.QuotaAsync("r", "one")).Used);
    }

    [Fact]
    public async Task Keys_WhateverHappensToTheRequest_AreInNoLogAndNoMetric()
    {
        const string key = "sk-SECRET-0123456789abcdef";
        await using var proxy = await TestProxy.StartAsync($$"""
            version: 1
            callers: { accounts: [{ account: known, keyHashes: [{{TestProxy.HashKey(key + "-known")}}] }] }
            quotas:
              - { name: r, match: { models: ["limited*"] }, unit: requests, limit: 1, window: 1h }
              - { name: cut, match: { models: ["*cut*"] }, unit: outputTokens, limit: 5, window: 1h, onExhausted: cut }
              - { name: s, mode: shadow, unit: requests, limit: 1, window: 1h }
            """);
        var seen = new StringBuilder();
        foreach (var suffix in (IEnumerable<string>)["", "-known"])
        {
            foreach (var model in (IEnumerable<string>)["sim-chat", "limited", "limited", "sim-chat:status=500", "sim-chat:status=401", "sim-chat:reset-after-tokens=3"])
            {
                foreach (var stream in (IEnumerable<bool>)[false, true])
                {
                    try
                    {
                        var answer = await proxy.ChatAsync(ChatRequests.Body(model: model, stream: stream), key + suffix);
                        seen.Append(answer.Text).AppendJoin(' ', answer.Headers.Values);
                    }
                    catch (HttpRequestException)
                    {
                        // Broken off, as asked for.
                    }
                }
            }
            seen.Append((await proxy.ChatAsync("{", key + suffix)).Text);
            seen.Append((await proxy.ChatAsync(ChatRequests.Body(), key + suffix, request => request.Headers.Add("x-api-key", key + "-other"))).Text);
            foreach (var raw in (IEnumerable<string>)[
                $"POST /v1/{key} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n",
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {key}\r\nContent-Length: 100\r\n\r\n{{"])
            {
                using var socket = await RawHttp.ConnectAsync(proxy.Host.Address);
                await socket.SendAsync(Encoding.ASCII.GetBytes(raw), TestContext.Current.CancellationToken);
                socket.Shutdown(SocketShutdown.Send);
                try
                {
                    await socket.ReceiveAsync(new byte[10_000], TestContext.Current.CancellationToken);
                }
                catch (SocketException)
                {
                    // Reset, which is an answer too.
                }
            }
        }

        await proxy.SettledAsync();
        foreach (var page in (IEnumerable<string>)["/metrics", "/rules", "/quotas/known", "/quotas/" + TestProxy.AccountOf(key)])
            seen.Append(await proxy.Client.GetStringAsync(new Uri(proxy.Host.AdminAddress, page), TestContext.Current.CancellationToken));
        Assert.DoesNotContain("SECRET", seen.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(proxy.LogOutput.Lines);
        foreach (var line in proxy.LogOutput.Lines)
            Assert.True(!line.Contains("SECRET", StringComparison.Ordinal) || line.Contains("/v1/sk-", StringComparison.Ordinal), line);
    }

    private static async Task<string> Statuses(TestProxy proxy, params string?[] forwardedFor)
    {
        var statuses = new List<string>();
        foreach (var value in forwardedFor)
        {
            var answer = await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1), null, request =>
            {
                if (value is not null) request.Headers.TryAddWithoutValidation("X-Forwarded-For", value);
            });
            statuses.Add(answer.Status.ToString(CultureInfo.InvariantCulture));
        }
        return string.Join(' ', statuses);
    }
}
