using System.Collections.Concurrent;
using System.Diagnostics;
using ApiShield.Quotas;
using ApiShield.Redis;
using ApiShield.TestKit.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>A Redis that dies, hangs or comes late: no request waits for it, and nothing that was used is forgotten.</summary>
[Collection(nameof(Undisturbed))]
public sealed class RedisOutageTests
{
    private static readonly QuotaLimit Tokens = RedisStores.Tokens;
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(50);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reserve_RedisGoneUnderLoad_AnswersWithinTheDeadlineAndRecovers(bool killed)
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = await RedisStores.ConnectAsync(server.Configuration, Deadline);
        using var stop = new CancellationTokenSource();
        var calls = new ConcurrentQueue<(long At, TimeSpan Took, bool Decided)>();
        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => CallAsync(store, calls, stop.Token))).ToArray();
        await UntilAsync(() => calls.Count(static call => call.Decided) > 500);

        var gone = Stopwatch.GetTimestamp();
        if (killed) server.Kill();
        else await server.PauseAsync();
        await Task.Delay(3000, TestContext.Current.CancellationToken);
        var back = Stopwatch.GetTimestamp();
        if (killed) await server.RestartAsync();
        else await server.ResumeAsync();
        await UntilAsync(() => calls.Any(call => call.Decided && call.At > back));
        var recovered = Stopwatch.GetElapsedTime(back);
        await stop.CancelAsync();
        await Task.WhenAll(workers);

        // The pause is complete some milliseconds after it was asked for.
        var settled = gone + (Stopwatch.Frequency / 10);
        var outage = calls.Where(call => call.At > gone && call.At < back).ToArray();
        Assert.All(outage.Where(call => call.At > settled), static call => Assert.False(call.Decided));
        var sorted = outage.Select(static call => call.Took).Order().ToArray();
        var p99 = sorted[(int)(sorted.Length * 0.99)];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{sorted.Length} calls in the outage: median {sorted[sorted.Length / 2].TotalMilliseconds:F3} ms, p99 {p99.TotalMilliseconds:F1} ms, "
            + $"max {sorted[^1].TotalMilliseconds:F1} ms; recovered after {recovered.TotalSeconds:F1} s");
        Assert.True(sorted.Length > 100);
        Assert.InRange(p99.TotalMilliseconds, 0, 60);
        Assert.InRange(recovered.TotalSeconds, 0, 5);
    }

    [Fact]
    public async Task Settle_WhileRedisHangs_ArrivesOnceItGoesOn()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = await RedisStores.ConnectAsync(server.Configuration, Deadline);
        var key = RedisStores.NewKey();
        var reservations = new List<Reservation>();
        for (var i = 0; i < 100; i++)
        {
            reservations.Add(RedisStores.New((key, Tokens, 10), (RedisStores.NewKey(), RedisStores.Concurrency, 1)));
            Assert.True(await store.ReserveAsync(reservations[i]));
        }

        // Long enough for the first delivery to time out and be repeated: its outcome is then unknown, and it must still count once.
        await server.PauseAsync();
        foreach (var reservation in reservations)
        {
            reservation.Entries[0].Used = 7;
            store.Settle(reservation);
        }
        await Task.Delay(2500, TestContext.Current.CancellationToken);
        Assert.Equal(100, store.PendingSettlements);
        await server.ResumeAsync();
        await store.SettledAsync().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(0, await HeldReader.HeldAsync(server));
        Assert.Equal(new QuotaUse(700, 0, 0), (await ReadAsync(store, key)) with { ResetMs = 0 });
        Assert.Equal(0, store.LostSettlements);
    }

    [Fact]
    public async Task Settle_WhileRedisIsDown_IsChargedAfterTheRestart()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = await RedisStores.ConnectAsync(server.Configuration, Deadline);
        var key = RedisStores.NewKey();
        var reservation = RedisStores.New((key, Tokens, 10));
        Assert.True(await store.ReserveAsync(reservation));
        server.Kill();
        reservation.Entries[0].Used = 7;
        store.Settle(reservation);
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await server.RestartAsync();
        await store.SettledAsync().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(new QuotaUse(7, 0, 0), (await ReadAsync(store, key)) with { ResetMs = 0 });
    }

    [Fact]
    public async Task Settle_MoreThanTheQueueHolds_LosesTheOldestAndCountsThem()
    {
        await using var server = await RedisServer.StartAsync();
        var observer = new CountingObserver();
        await using var store = await RedisStores.ConnectAsync(server.Configuration, Deadline, observer: observer, capacity: 10);
        var key = RedisStores.NewKey();
        server.Kill();
        for (var i = 0; i < 200; i++)
        {
            var reservation = RedisStores.New((key, Tokens, 10));
            reservation.Entries[0].Used = 1;
            store.Settle(reservation);
        }
        await server.RestartAsync();
        await store.SettledAsync().WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.InRange(store.LostSettlements, 150, 190);
        Assert.Equal(store.LostSettlements, observer.Lost);
        Assert.Equal(200 - store.LostSettlements, (await ReadAsync(store, key)).Used);
    }

    [Fact]
    public async Task Connect_RedisDown_AnswersFalseAndConnectsWhenItIsThere()
    {
        await using var server = await RedisServer.StartAsync();
        server.Kill();
        var logger = new EventLogger(awaited: 3001);
        var started = Stopwatch.GetTimestamp();
        await using var store = await RedisQuotaStore.ConnectAsync(
            new RedisStoreOptions { Configuration = server.Configuration }, TimeProvider.System, logger);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 4);
        Assert.True(logger.Seen.IsCompleted);
        Assert.False(await store.ReserveAsync(RedisStores.New((RedisStores.NewKey(), Tokens, 10))));
        Assert.Null(await store.ReadAsync([(RedisStores.NewKey(), Tokens)]));

        await server.RestartAsync();
        started = Stopwatch.GetTimestamp();
        while (!await store.ReserveAsync(RedisStores.New((RedisStores.NewKey(), Tokens, 10)))) await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 5);
        Assert.True(store.IsConnected);
    }

    [Fact]
    public async Task Dispose_RedisDown_EndsWithinTheDrainTimeout()
    {
        await using var server = await RedisServer.StartAsync();
        var store = await RedisStores.ConnectAsync(server.Configuration, Deadline);
        var reservation = RedisStores.New((RedisStores.NewKey(), Tokens, 10));
        Assert.True(await store.ReserveAsync(reservation));
        await server.PauseAsync();
        store.Settle(reservation);
        var started = Stopwatch.GetTimestamp();
        await store.DisposeAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 3);
        Assert.Equal(1, store.LostSettlements);
    }

    [Fact]
    public async Task Dispose_WithSettlementsQueued_DeliversThem()
    {
        await using var server = await RedisServer.StartAsync();
        var store = await RedisStores.ConnectAsync(server.Configuration);
        for (var i = 0; i < 300; i++)
        {
            var reservation = RedisStores.New((RedisStores.NewKey(), Tokens, 10));
            Assert.True(await store.ReserveAsync(reservation));
            store.Settle(reservation);
        }
        await store.DisposeAsync();
        Assert.Equal(0, store.LostSettlements);
        Assert.Equal(0, await HeldReader.HeldAsync(server));
    }

    [Fact]
    public async Task Cluster_OneNodeHangs_ItsScopesAreUndecidedAndReleasedLater()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var store = await RedisStores.ConnectAsync(cluster.Configuration, Deadline);
        await cluster.Nodes[0].PauseAsync();
        int decided = 0, undecided = 0;
        var reservations = new List<Reservation>();
        for (var i = 0; i < 60; i++)
        {
            var reservation = RedisStores.New((RedisStores.NewKey(), Tokens, 10), (RedisStores.NewKey(), Tokens, 10));
            if (await store.ReserveAsync(reservation)) decided++;
            else undecided++;
            reservations.Add(reservation);
        }
        Assert.True(undecided > 5);
        TestContext.Current.TestOutputHelper?.WriteLine($"{decided} decided, {undecided} undecided with one node of three hanging");

        foreach (var reservation in reservations) store.Settle(reservation);
        await cluster.Nodes[0].ResumeAsync();
        await store.SettledAsync().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        foreach (var node in cluster.Nodes) Assert.Equal(0, await HeldReader.HeldAsync(node));
    }

    private static async Task CallAsync(RedisQuotaStore store, ConcurrentQueue<(long, TimeSpan, bool)> calls, CancellationToken stop)
    {
        var key = RedisStores.NewKey();
        while (!stop.IsCancellationRequested)
        {
            var reservation = RedisStores.New((key, Tokens, 1), (new CounterKey(key.Scope, 2), RedisStores.Requests(1_000_000), 1));
            var started = Stopwatch.GetTimestamp();
            var decided = await store.ReserveAsync(reservation);
            calls.Enqueue((started, Stopwatch.GetElapsedTime(started), decided));
            store.Settle(reservation);
            await Task.Delay(2, CancellationToken.None);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition()) await Task.Delay(10, limit.Token);
    }

    private static async Task<QuotaUse> ReadAsync(RedisQuotaStore store, CounterKey key)
    {
        while (true)
        {
            if (await store.ReadAsync([(key, Tokens)]) is { } uses) return uses[0];
            await Task.Delay(50);
        }
    }
}
