using System.Globalization;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Quotas;

/// <summary>What answers say about the quotas behind them.</summary>
public sealed class LimitHeaderTests
{
    private const string Rules = """
        version: 1
        quotas:
          - { name: minute, unit: requests, limit: 3, window: 1m }
          - { name: day, unit: requests, limit: 1000, window: 1d }
          - { name: tokens, unit: totalTokens, limit: 5000, window: 1h }
          - { name: slots, unit: concurrentRequests, limit: 9 }
          - { name: shadow, mode: shadow, unit: requests, limit: 1, window: 1h }
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Admitted_SaysWhatIsLeft(bool stream)
    {
        await using var proxy = await TestProxy.StartAsync(Rules);
        var answer = await proxy.ChatAsync(ChatRequests.Body(maxTokens: 100, stream: stream));
        Assert.Equal("3", answer["x-ratelimit-limit-requests"]);
        Assert.Equal("2", answer["x-ratelimit-remaining-requests"]);
        Assert.Matches("^1m[0-9]s$", answer["x-ratelimit-reset-requests"]!);
        Assert.Equal("5000", answer["x-ratelimit-limit-tokens"]);
        Assert.InRange(long.Parse(answer["x-ratelimit-remaining-tokens"]!, CultureInfo.InvariantCulture), 4800, 4950);
        Assert.Equal("\"minute\";q=3;w=60, \"day\";q=1000;w=86400, \"tokens\";q=5000;w=3600, \"slots\";q=9;qu=\"concurrent-requests\"", answer["RateLimit-Policy"]);
        Assert.Matches("^\"minute\";r=2;t=6[01], \"day\";r=999;t=[0-9]{5}, \"tokens\";r=4[0-9]+;t=36[0-9]{2}, \"slots\";r=8$", answer["RateLimit"]!);
        Assert.StartsWith("req_sim", answer["x-request-id"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_SaysWhyAndWhenToComeBack()
    {
        await using var proxy = await TestProxy.StartAsync(Rules);
        for (var i = 0; i < 3; i++) await proxy.ChatAsync(ChatRequests.Body(maxTokens: 5));
        var answer = (await proxy.ChatAsync(ChatRequests.Body(maxTokens: 5))).AssertOpenAIError(429);
        Assert.Equal("rate_limit_exceeded", answer.Error.GetProperty("type").GetString());
        Assert.Equal("rate_limit_exceeded", answer.Error.GetProperty("code").GetString());
        Assert.Contains("limit 3 requests per 1m", answer.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var wait = int.Parse(answer["retry-after"]!, CultureInfo.InvariantCulture);
        Assert.InRange(wait, 59, 61);
        Assert.Equal(wait > 60 ? "false" : null, answer["x-should-retry"]);
        Assert.Equal("0", answer["x-ratelimit-remaining-requests"]);
        Assert.Contains("\"minute\";r=0;", answer["RateLimit"], StringComparison.Ordinal);
        Assert.Contains("\"day\";r=997;", answer["RateLimit"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_AfterItsRetryAfter_IsAdmitted()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: r, unit: requests, limit: 2, window: 1s }]");
        for (var i = 0; i < 2; i++) Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1))).Status);
        var refused = await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1));
        Assert.Equal(429, refused.Status);
        await Task.Delay(TimeSpan.FromSeconds(int.Parse(refused["retry-after"]!, CultureInfo.InvariantCulture)), TestContext.Current.CancellationToken);
        Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body(maxTokens: 1))).Status);
    }

    [Fact]
    public async Task RequestLargerThanTheLimit_SaysThatWaitingIsNoUse()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: in, unit: inputTokens, limit: 50, window: 1m }]");
        var answer = (await proxy.ChatAsync(ChatRequests.Body(new string('a', 10_000)))).AssertOpenAIError(429);
        Assert.Null(answer["retry-after"]);
        Assert.Equal("false", answer["x-should-retry"]);
        Assert.StartsWith("Request too large", answer.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await proxy.QuotaAsync("in")).Used);
    }

    [Theory]
    [InlineData(1, 0, "5s")]
    [InlineData(100_000, 99_999, "1ms")]
    public async Task UpstreamsOwnLimits_AreNeverLoosened(long limit, long remaining, string reset)
    {
        await using var upstream = await ScriptedUpstream.StartAsync(context =>
        {
            foreach (var unit in (IEnumerable<string>)["requests", "tokens"])
            {
                context.Response.Headers[$"x-ratelimit-limit-{unit}"] = limit.ToString(CultureInfo.InvariantCulture);
                context.Response.Headers[$"x-ratelimit-remaining-{unit}"] = remaining.ToString(CultureInfo.InvariantCulture);
                context.Response.Headers[$"x-ratelimit-reset-{unit}"] = reset;
            }
            context.Response.Headers["RateLimit"] = "\"upstream\";r=4;t=9";
            context.Response.Headers["RateLimit-Policy"] = "\"upstream\";q=5;w=10";
            context.Response.Headers["x-request-id"] = "req_upstream";
            return ScriptedUpstream.Completion(context);
        });
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var answer = await proxy.ChatAsync(ChatRequests.Body(maxTokens: 100));
        var isTighter = remaining == 0;
        Assert.Equal(isTighter ? "1" : "3", answer["x-ratelimit-limit-requests"]);
        Assert.Equal(isTighter ? "0" : "2", answer["x-ratelimit-remaining-requests"]);
        Assert.Equal(isTighter ? "1" : "5000", answer["x-ratelimit-limit-tokens"]);
        foreach (var unit in (IEnumerable<string>)["requests", "tokens"])
        {
            // The reset belongs to the limit that it stands beside.
            if (isTighter) Assert.Equal(reset, answer[$"x-ratelimit-reset-{unit}"]);
            else Assert.Matches("m[0-9]+s$", answer[$"x-ratelimit-reset-{unit}"]!);
        }
        Assert.StartsWith("\"upstream\";r=4;t=9, \"minute\";r=2;", answer["RateLimit"], StringComparison.Ordinal);
        Assert.StartsWith("\"upstream\";q=5;w=10, \"minute\";q=3;", answer["RateLimit-Policy"], StringComparison.Ordinal);
        Assert.Equal("req_upstream", answer["x-request-id"]);
    }
}
