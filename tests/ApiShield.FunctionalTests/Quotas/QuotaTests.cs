using System.Globalization;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Quotas;

/// <summary>Quotas as a client of the whole program meets them.</summary>
public sealed class QuotaTests
{
    [Fact]
    public async Task Requests_200InParallelAgainst25_ExactlyTheLimitReachesTheUpstream()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: r, unit: requests, limit: 25, window: 1h }]");
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => proxy.ChatAsync(ChatRequests.Body(maxTokens: 5))));
        Assert.Equal(25, answers.Count(answer => answer.Status == 200));
        Assert.Equal(175, answers.Count(answer => answer.Status == 429));
        Assert.Equal(25, proxy.Upstream.Total.Requests);
        Assert.Equal(25, (await proxy.QuotaAsync("r")).Used);
        Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body(maxTokens: 5), "another-key")).Status);
        Assert.Equal(175, await proxy.MetricAsync("apishield_exchanges_total{outcome=\"refused\"}"));
        Assert.Equal(175, await proxy.MetricAsync("apishield_decisions_total{rule=\"r\",mode=\"enforce\",verdict=\"refuse\"}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tokens_5ConcurrentAgainst100AMinute_UpstreamMakesNeverMore(bool stream)
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: t, unit: totalTokens, limit: 100, window: 1m }]");
        for (var round = 0; round < 4; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => proxy.ChatAsync(ChatRequests.Body(maxTokens: 25, stream: stream, more: ",\"seed\":1"))));
            Assert.All(answers, answer => Assert.True(answer.Status is 200 or 429, answer.Text));
            if (round == 0) Assert.InRange(answers.Count(answer => answer.Status == 200), 2, 4);
        }

        var state = await proxy.QuotaAsync("t");
        var made = proxy.Upstream.Total.PromptTokens + proxy.Upstream.Total.CompletionTokens;
        Assert.InRange(made, 50, 100);
        Assert.Equal(made, state.Used);
        Assert.Equal(0, state.Held);
    }

    [Theory]
    [InlineData("totalTokens")]
    [InlineData("outputTokens")]
    [InlineData("inputTokens")]
    public async Task Tokens_FirstRequestWithoutMaximumAgainst100_IsNotRefused(string unit)
    {
        await using var proxy = await TestProxy.StartAsync($"version: 1\nquotas: [{{ name: t, unit: {unit}, limit: 100, window: 1m }}]");
        var answer = await proxy.ChatAsync(ChatRequests.Body());
        Assert.Equal(200, answer.Status);
        var usage = answer.Json.GetProperty("usage");
        var expected = unit switch { "totalTokens" => "total_tokens", "outputTokens" => "completion_tokens", _ => "prompt_tokens" };
        Assert.Equal(usage.GetProperty(expected).GetInt64(), (await proxy.QuotaAsync("t")).Used);
    }

    [Fact]
    public async Task Tokens_OverrunUnderFinish_IsChargedAsDebt()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: t, unit: outputTokens, limit: 50, window: 1m }]");
        var answer = await proxy.ChatAsync(ChatRequests.Body(model: "sim-chat:tokens=80", stream: true));
        Assert.Equal(200, answer.Status);
        Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal);
        Assert.Equal(80, (await proxy.QuotaAsync("t")).Used);
        Assert.Equal(429, (await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1))).Status);
    }

    [Fact]
    public async Task Concurrency_LimitOf3_HoldsWhileStreamsRunAndIsFreeAfter()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: c, unit: concurrentRequests, limit: 3 }]");
        var hanging = new List<HttpResponseMessage>();
        for (var i = 0; i < 3; i++)
        {
            using var request = ChatRequests.Post(ChatRequests.Body(model: "sim-chat:tokens=9,hang-after-tokens=2", stream: true));
            hanging.Add(await proxy.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken));
        }

        Assert.All(hanging, response => Assert.True(response.IsSuccessStatusCode));
        var refused = await proxy.ChatAsync(ChatRequests.Body());
        refused.AssertOpenAIError(429);
        Assert.Equal("1", refused["retry-after"]);
        Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body(), "another-key")).Status);

        foreach (var response in hanging) response.Dispose();
        var state = await proxy.QuotaAsync("c");
        Assert.Equal((0, 3), (state.Held, state.Remaining));
        Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body())).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Concurrency_OneAfterAnother_IsNeverRefused(bool stream)
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: c, unit: concurrentRequests, limit: 1 }]");
        for (var i = 0; i < 200; i++)
        {
            // Another connection for each: what the client has read to its end must be over for the proxy too.
            using var client = proxy.NewClient();
            using var request = ChatRequests.Post(ChatRequests.Body(maxTokens: 10, stream: stream));
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, $"Request {i.ToString(CultureInfo.InvariantCulture)} was refused.");
        }
    }

    [Fact]
    public async Task Shadow_LimitPassed_LetsThroughAndCounts()
    {
        await using var proxy = await TestProxy.StartAsync("""
            version: 1
            quotas:
              - { name: now, unit: requests, limit: 100, window: 1h }
              - { name: next, mode: shadow, unit: requests, limit: 2, window: 1h }
              - { name: next-tokens, mode: shadow, unit: outputTokens, limit: 1, window: 1h, onExhausted: cut }
            """);
        for (var i = 0; i < 5; i++)
        {
            var answer = await proxy.ChatAsync(ChatRequests.Body(maxTokens: 20, stream: i % 2 == 0));
            Assert.Equal(200, answer.Status);
            Assert.Equal("100", answer["x-ratelimit-limit-requests"]);
            Assert.DoesNotContain("next", answer["RateLimit-Policy"], StringComparison.Ordinal);
        }

        Assert.Equal(2, await proxy.MetricAsync("apishield_decisions_total{rule=\"next\",mode=\"shadow\",verdict=\"allow\"}"));
        Assert.Equal(3, await proxy.MetricAsync("apishield_decisions_total{rule=\"next\",mode=\"shadow\",verdict=\"refuse\"}"));
        Assert.Equal(0, await proxy.MetricAsync("apishield_exchanges_total{outcome=\"refused\"}"));
        Assert.Equal(0, await proxy.MetricAsync("apishield_streams_cut_total"));
        Assert.Equal(3, proxy.LogOutput.Lines.Count(line => line.Contains("shadow rule next,", StringComparison.Ordinal)));
        Assert.Equal(2, (await proxy.QuotaAsync("next")).Used);
    }

    [Fact]
    public async Task Rules_OneOfThreeRefuses_LeavesNothingOnTheOthers()
    {
        await using var proxy = await TestProxy.StartAsync("""
            version: 1
            quotas:
              - { name: r, unit: requests, limit: 100, window: 1h }
              - { name: t, unit: totalTokens, limit: 10k, window: 1h }
              - { name: c, unit: concurrentRequests, limit: 5 }
              - { name: hourly, unit: requests, limit: 2, window: 1h }
            """);
        for (var i = 0; i < 10; i++) Assert.Equal(i < 2 ? 200 : 429, (await proxy.ChatAsync(ChatRequests.Body(maxTokens: 10))).Status);
        Assert.Equal(2, (await proxy.QuotaAsync("r")).Used);
        var tokens = await proxy.QuotaAsync("t");
        Assert.Equal((proxy.Upstream.Total.PromptTokens + proxy.Upstream.Total.CompletionTokens, 0), (tokens.Used, tokens.Held));
        Assert.Equal(0, (await proxy.QuotaAsync("c")).Held);
    }

    [Fact]
    public async Task Scopes_EachCountsItsOwn()
    {
        await using var proxy = await TestProxy.StartAsync($$"""
            version: 1
            callers:
              accounts:
                - { account: one, organization: acme, keyHashes: [{{TestProxy.HashKey("key-1")}}] }
                - { account: two, organization: acme, keyHashes: [{{TestProxy.HashKey("key-2")}}, {{TestProxy.HashKey("key-2b")}}] }
                - { account: three, organization: umbrella, keyHashes: [{{TestProxy.HashKey("key-3")}}] }
            quotas:
              - { name: account, per: account, match: { models: [m-account] }, unit: requests, limit: 2, window: 1h }
              - { name: organization, per: organization, match: { models: [m-organization] }, unit: requests, limit: 2, window: 1h }
              - { name: model, per: [account, model], match: { models: ["m-model*"] }, unit: requests, limit: 2, window: 1h }
              - { name: address, per: address, match: { models: [m-address] }, unit: requests, limit: 2, window: 1h }
              - { name: everyone, per: everyone, match: { models: [m-everyone] }, unit: requests, limit: 2, window: 1h }
              - { name: umbrella, match: { organizations: [umbrella], models: [m-umbrella] }, unit: requests, limit: 1, window: 1h }
            """);
        async Task<string> Statuses(string model, params string?[] keys)
        {
            var statuses = new List<int>();
            foreach (var key in keys) statuses.Add((await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1, model: model), key)).Status);
            return string.Join(' ', statuses);
        }

        Assert.Equal("200 200 429 200", await Statuses("m-account", "key-2", "key-2b", "key-2", "key-1"));
        Assert.Equal("200 200 429 429 200", await Statuses("m-organization", "key-1", "key-2", "key-1", "key-2b", "key-3"));
        Assert.Equal("200 200 429 200", await Statuses("m-organization", "unknown", "unknown", "unknown", "unknown-2"));
        Assert.Equal("200 200", await Statuses("m-model-a", "key-1", "key-1"));
        Assert.Equal("429", await Statuses("M-Model-A", "key-1"));
        Assert.Equal("200 200 429", await Statuses("m-model-b", "key-1", "key-1", "key-1"));
        Assert.Equal("200 200 429 429", await Statuses("m-address", "key-1", "made-up", "made-up-2", null));
        Assert.Equal("200 200 429 429", await Statuses("m-everyone", "key-1", "key-3", "made-up", null));
        Assert.Equal("200 429", await Statuses("m-umbrella", "key-3", "key-3"));
        Assert.Equal("200 200", await Statuses("m-umbrella", "key-1", "key-1"));
    }

    [Fact]
    public async Task Plans_ByKeyHash_HaveTheirOwnLimits()
    {
        await using var proxy = await TestProxy.StartAsync($$"""
            version: 1
            callers:
              defaultPlan: free
              accounts: [{ account: acme-bot, plan: scale, keyHashes: [{{TestProxy.HashKey("paid")}}] }]
            quotas:
              - { name: free, match: { plans: [free] }, unit: requests, limit: 1, window: 1h }
              - { name: scale, match: { plans: [scale] }, unit: requests, limit: 3, window: 1h }
            """);
        var free = new List<int>();
        var paid = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            free.Add((await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1), "unpaid")).Status);
            paid.Add((await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1), "paid", i % 2 == 0 ? null : UseApiKeyHeader)).Status);
        }
        Assert.Equal([200, 429, 429, 429], free);
        Assert.Equal([200, 200, 200, 429], paid);

        var page = await proxy.Client.GetStringAsync(new Uri(proxy.Host.AdminAddress, "/quotas/acme-bot"), TestContext.Current.CancellationToken);
        using var quotas = System.Text.Json.JsonDocument.Parse(page);
        Assert.Equal("scale", quotas.RootElement.GetProperty("plan").GetString());
        var quota = Assert.Single(quotas.RootElement.GetProperty("quotas").EnumerateArray());
        Assert.Equal(3, quota.GetProperty("used").GetInt64());
        Assert.Equal(0, quota.GetProperty("remaining").GetInt64());
    }

    [Fact]
    public async Task Route_PerRoute_CountsEachRoute()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: r, per: [account, route], unit: requests, limit: 1, window: 1h }]", upstream.Address);
        Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body(), null)).Status);
        Assert.Equal(429, (await proxy.ChatAsync(ChatRequests.Body(), null)).Status);
        using var other = new HttpRequestMessage(HttpMethod.Get, "/other/thing");
        Assert.Equal(200, (await proxy.SendAsync(other)).Status);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/other/thing");
        var refused = await proxy.SendAsync(again);
        Assert.Equal(429, refused.Status);
        Assert.Equal("application/problem+json", refused["content-type"]);
        Assert.Equal("r", Assert.Single(refused.Json.GetProperty("violated-policies").EnumerateArray()).GetString());
        Assert.Equal(2, upstream.Received.Count);
    }

    [Fact]
    public async Task ModelList_CostsARequestAndNoTokens()
    {
        await using var proxy = await TestProxy.StartAsync("""
            version: 1
            quotas:
              - { name: r, unit: requests, limit: 2, window: 1h }
              - { name: t, unit: totalTokens, limit: 1000, window: 1h }
            """);
        foreach (var (path, status) in (IEnumerable<(string, int)>)[("/v1/models", 200), ("/v1/models/sim-chat", 200), ("/v1/models", 429)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add("api-key", "test-key");
            Assert.Equal(status, (await proxy.SendAsync(request)).Status);
        }
        Assert.Equal(0, (await proxy.QuotaAsync("t")).Used);
    }

    /// <summary>The same key where other clients put it.</summary>
    private static void UseApiKeyHeader(HttpRequestMessage request)
    {
        request.Headers.Authorization = null;
        request.Headers.Add("x-api-key", "paid");
    }
}
