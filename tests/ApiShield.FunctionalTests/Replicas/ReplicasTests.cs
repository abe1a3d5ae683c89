using System.Net;
using ApiShield.FunctionalTests.Hosting;
using ApiShield.FunctionalTests.Redis;
using ApiShield.Proxy.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ApiShield.FunctionalTests.Replicas;

/// <summary>Several processes of the real program on one Redis.</summary>
[Collection(nameof(Undisturbed))]
public sealed class ReplicasTests(SingleRedis redis) : IClassFixture<SingleRedis>
{
    /// <summary>What is shown here is exactness, on a machine that may be busy with other tests: the store gets the time it needs.</summary>
    private static readonly (string, string) Patient = ("RedisDeadlineMs", "5000");

    [Fact]
    public async Task TwoProcesses_TenThousandRequestsInParallel_LetExactlyTheLimitThrough()
    {
        const string rules = """
            version: 1
            quotas:
              - { name: thousand, per: account, unit: requests, limit: 1000, window: 1h, onStoreFailure: deny }
            """;
        await using var upstream = ModelSimulator.Create(new SimulatorOptions { Url = "http://127.0.0.1:0" });
        await upstream.StartAsync(TestContext.Current.CancellationToken);
        var address = new Uri(upstream.Urls.First());
        await using var one = await ShieldProcess.StartAsync(rules, address, redis.Server.Configuration, Patient);
        await using var two = await ShieldProcess.StartAsync(rules, address, redis.Server.Configuration, Patient);

        int admitted = 0, refused = 0;
        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancel) =>
        {
            using var response = await (i % 2 == 0 ? one : two).Client.SendAsync(ChatRequests.Post(ChatRequests.Body(maxTokens: 5), "shared-key"), cancel);
            if (response.StatusCode == HttpStatusCode.OK) Interlocked.Increment(ref admitted);
            else if (response.StatusCode == HttpStatusCode.TooManyRequests) Interlocked.Increment(ref refused);
        });

        Assert.Equal((1000, 9000), (admitted, refused));
        Assert.Equal(1000, upstream.Services.GetRequiredService<SimulatorStats>().Total.Requests);
    }

    [Fact]
    public async Task KilledProcess_WithOpenStreams_LeavesNothingHeldOnceTheHoldsExpire()
    {
        const int streams = 200;
        const string rules = """
            version: 1
            quotas:
              - { name: slots, per: account, unit: concurrentRequests, limit: 200 }
              - { name: tokens, per: account, unit: totalTokens, limit: 10M, window: 1h }
            """;
        await using var upstream = ModelSimulator.Create(new SimulatorOptions { Url = "http://127.0.0.1:0", DelayPerTokenMs = 200 });
        await upstream.StartAsync(TestContext.Current.CancellationToken);
        var address = new Uri(upstream.Urls.First());
        await using var survivor = await ShieldProcess.StartAsync(rules, address, redis.Server.Configuration, Patient, ("HoldSeconds", "4"));
        await using var victim = await ShieldProcess.StartAsync(rules, address, redis.Server.Configuration, Patient, ("HoldSeconds", "4"));
        // Kept to the end: an answer that nobody refers to is collected, and its connection closed.
        var open = await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => victim.Client.SendAsync(
            ChatRequests.Post(ChatRequests.Body(stream: true, maxTokens: 1000, model: "sim-chat:tokens=1000"), "doomed-key"), HttpCompletionOption.ResponseHeadersRead)));
        Assert.Equal(streams, await HoldsAsync());
        using (var full = await survivor.Client.SendAsync(ChatRequests.Post(ChatRequests.Body(maxTokens: 1), "doomed-key")))
            Assert.Equal(HttpStatusCode.TooManyRequests, full.StatusCode);

        // Renewed holds outlive their first length.
        await Task.Delay(TimeSpan.FromSeconds(5));
        Assert.Equal(streams, await HoldsAsync());

        await victim.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(4.5));
        using var response = await survivor.Client.SendAsync(ChatRequests.Post(ChatRequests.Body(maxTokens: 1), "doomed-key"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await WaitForAsync(async () => await HoldsAsync() == 0);
        foreach (var answer in open) answer.Dispose();
    }

    /// <summary>Reads the open holds of all concurrency counters with a script that knows nothing of the store's own.</summary>
    private async Task<int> HoldsAsync()
    {
        const string script = """
            local most, now = 0, redis.call('TIME')
            for _, key in ipairs(redis.call('KEYS', 'apishield:*:h')) do
              most = math.max(most, redis.call('ZCOUNT', key, now[1] * 1000 + math.floor(now[2] / 1000), '+inf'))
            end
            return most
            """;
        return int.Parse((await redis.Server.CliAsync("EVAL", script, "0")).Trim(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 100; i++)
        {
            if (await condition()) return;
            await Task.Delay(50);
        }
        Assert.Fail("The condition did not come true within 5 seconds.");
    }
}
