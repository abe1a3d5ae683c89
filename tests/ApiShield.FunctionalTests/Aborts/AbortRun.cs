using System.Collections.Concurrent;
using System.Globalization;
using ApiShield.FunctionalTests.Hosting;
using ApiShield.FunctionalTests.Redis;
using ApiShield.TestKit.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Aborts;

/// <summary>Many aborts against one proxy on either store, and what has to be true afterwards.</summary>
internal static class AbortRun
{
    private const int Workers = 48;
    private const int Keys = 16;

    private const string Rules = """
        version: 1
        quotas:
          - { name: requests, unit: requests, limit: 1M, window: 1h }
          - { name: input, unit: inputTokens, limit: 100M, window: 1h }
          - { name: output, unit: outputTokens, limit: 100M, window: 1h }
          - { name: total, unit: totalTokens, limit: 100M, window: 1h, onExhausted: cut, maxHold: 10 }
          - { name: slots, unit: concurrentRequests, limit: 1000 }
          - { name: all-slots, per: everyone, unit: concurrentRequests, limit: 5000 }
        """;

    /// <summary>Sends the aborts and holds that nothing stays reserved and no less is charged than was relayed.</summary>
    /// <param name="redis">The Redis that holds the quotas; null for the in-process store.</param>
    /// <param name="count">Aborts in all.</param>
    public static async Task RunAsync(RedisServer? redis, int count)
    {
        await using var proxy = await TestProxy.StartAsync(Rules, null, redis is null ? [] : [("ApiShield:Redis", redis.Configuration), ("ApiShield:RedisDeadlineMs", "5000")]);
        var relayed = new ConcurrentDictionary<string, long>();
        var statuses = new ConcurrentDictionary<int, int>();
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= count)
            {
                var plan = AbortPlan.Make(new Random(number), string.Create(CultureInfo.InvariantCulture, $"abort-key-{number % Keys}"));
                var (status, tokens) = await AbortingClient.RunAsync(proxy.Host.Address, plan);
                statuses.AddOrUpdate(status, 1, static (_, before) => before + 1);
                relayed.AddOrUpdate(plan.Key, tokens, (_, before) => before + tokens);
            }
        })));

        // A second after the last abort nothing is reserved any more.
        await TestProxy.UntilAsync(async () => proxy.Host.Enforcer.LiveCount == 0 && await HeldAsync(proxy) == 0, TimeSpan.FromSeconds(1));
        Assert.Equal(0, await proxy.MetricAsync("apishield_exchanges_in_flight"));
        if (redis is not null) Assert.Equal(0, await RedisStores.OpenHoldsAsync(redis));
        for (var i = 0; i < Keys; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"abort-key-{i}");
            var output = await proxy.QuotaAsync("output", key);
            var total = await proxy.QuotaAsync("total", key);
            Assert.True(output.Used >= relayed[key], $"{key}: {output.Used} charged, {relayed[key]} relayed.");
            Assert.True(total.Used >= output.Used, $"{key}: {total.Used} in all, {output.Used} of output.");
            Assert.Equal(1000, (await proxy.QuotaAsync("slots", key)).Remaining);
        }

        // That all this was really put to the test.
        Assert.True(relayed.Values.Sum() > count, $"Only {relayed.Values.Sum()} tokens were relayed.");
        Assert.InRange(proxy.Upstream.Total.Aborted, count / 20, count);
        Assert.Equal([0, 200], statuses.Keys.Where(status => status != 400).Order());
        Assert.True(!proxy.LogOutput.Problems.Any(), proxy.LogOutput.Problems.FirstOrDefault());
    }

    private static async Task<long> HeldAsync(TestProxy proxy)
    {
        long held = 0;
        for (var i = 0; i < Keys; i++)
        {
            var states = await proxy.Host.Enforcer.ReadQuotasAsync(TestProxy.AccountOf(string.Create(CultureInfo.InvariantCulture, $"abort-key-{i}")));
            held += states!.Sum(state => state.Held);
        }
        return held;
    }
}
