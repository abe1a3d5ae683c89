using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using ApiShield.FunctionalTests.Hosting;
using ApiShield.FunctionalTests.Redis;
using ApiShield.TestKit.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Replicas;

/// <summary>Redis dies or hangs while the whole proxy is under load: each rule does what its onStoreFailure says.</summary>
/// <remarks>Latency is compared with a proxy without Redis that answers the same callers at the same time, for machines are shared and noisy.</remarks>
[Collection(nameof(Undisturbed))]
public sealed class OutageTests
{
    private const double BusyMachineMs = 15;

    [Theory]
    [InlineData("allow", true)]
    [InlineData("allow", false)]
    [InlineData("local", true)]
    [InlineData("local", false)]
    [InlineData("deny", true)]
    [InlineData("deny", false)]
    public async Task Outage_UnderLoad_EachModeDoesWhatItSaysAndRecovers(string mode, bool killed)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = await TestProxy.StartAsync($$"""
            version: 1
            quotas:
              - { name: many, per: account, unit: requests, limit: 1M, window: 1h, onStoreFailure: {{mode}} }
              - { name: tokens, per: account, unit: totalTokens, limit: 1000M, window: 1h, onStoreFailure: {{mode}} }
            """, null, ("ApiShield:Redis", redis.Configuration));
        await using var control = await TestProxy.StartAsync("""
            version: 1
            quotas:
              - { name: many, per: account, unit: requests, limit: 1M, window: 1h }
              - { name: tokens, per: account, unit: totalTokens, limit: 1000M, window: 1h }
            """);
        using var stop = new CancellationTokenSource();
        var answers = new ConcurrentQueue<Answer>();
        var controls = new ConcurrentQueue<Answer>();
        var workers = Enumerable.Range(0, 8).Select(worker => Task.Run(() => SendAsync(proxy, control, worker, answers, controls, stop.Token))).ToArray();
        await UntilAsync(() => answers.Count > 500); // Warm.

        var begun = Stopwatch.GetTimestamp();
        await Task.Delay(2000);
        var gone = Stopwatch.GetTimestamp();
        if (killed) redis.Kill();
        else await redis.PauseAsync();
        await Task.Delay(3000);
        var back = Stopwatch.GetTimestamp();
        if (killed) await redis.RestartAsync();
        else await redis.ResumeAsync();
        await Task.Delay(5000); // Within these it has recovered.
        var recovered = Stopwatch.GetTimestamp();
        await Task.Delay(1000);
        await stop.CancelAsync();
        await Task.WhenAll(workers);

        var before = answers.Where(answer => answer.At > begun && answer.At < gone).ToArray();
        var during = answers.Where(answer => answer.At > gone + (Stopwatch.Frequency / 10) && answer.At < back).ToArray();
        var after = answers.Where(answer => answer.At > recovered).ToArray();
        var undisturbed = controls.Where(answer => answer.At > gone + (Stopwatch.Frequency / 10) && answer.At < back).ToArray();
        var added = P99(during) - P99(undisturbed);
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{mode}, {(killed ? "killed" : "stopped")}: p99 {P99(during):F1} ms while away ({during.Length} answers), {P99(undisturbed):F1} ms without Redis at the same time"));
        AssertServes(mode, before);
        AssertServes(mode, after);
        Assert.True(during.Length > 100);
        Assert.All(during, answer => Assert.Equal(mode == "deny" ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, answer.Status));

        // On a machine so busy that even an undisturbed proxy stalls, the deadline of the store cannot be seen in the latency.
        if (P99(undisturbed) <= BusyMachineMs) Assert.InRange(added, double.MinValue, 60);

        // Nothing stays held: what could not be settled then has been settled since.
        await UntilAsync(() => proxy.Host.Enforcer.LiveCount == 0);
        Assert.Equal(0, await RedisStores.OpenHoldsAsync(redis));
    }

    /// <summary>With Redis there, all is answered; where a rule denies without it, a stall of the machine may look like an outage to a few.</summary>
    private static void AssertServes(string mode, Answer[] answers)
    {
        Assert.NotEmpty(answers);
        var served = answers.Count(static answer => answer.Status == HttpStatusCode.OK);
        Assert.InRange((double)served / answers.Length, mode == "deny" ? 0.95 : 1, 1);
    }

    private static string AccountOf(int worker) => string.Create(CultureInfo.InvariantCulture, $"worker-{worker}");

    private static async Task SendAsync(
        TestProxy proxy, TestProxy control, int worker, ConcurrentQueue<Answer> answers, ConcurrentQueue<Answer> controls, CancellationToken stop)
    {
        using var client = proxy.NewClient();
        using var other = control.NewClient();
        while (!stop.IsCancellationRequested)
        {
            answers.Enqueue(await SendAsync(client, worker));
            controls.Enqueue(await SendAsync(other, worker));
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private static async Task<Answer> SendAsync(HttpClient client, int worker)
    {
        var at = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(ChatRequests.Post(ChatRequests.Body(maxTokens: 5), AccountOf(worker)), CancellationToken.None);
        return new Answer(at, Stopwatch.GetElapsedTime(at), response.StatusCode);
    }

    private static double P99(Answer[] answers)
    {
        var sorted = answers.Select(static answer => answer.Took.TotalMilliseconds).Order().ToArray();
        return sorted[(int)(sorted.Length * 0.99)];
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 400 && !condition(); i++) await Task.Delay(25);
        Assert.True(condition(), "The condition did not come true within 10 seconds.");
    }

    private readonly record struct Answer(long At, TimeSpan Took, HttpStatusCode Status);
}
