using ApiShield.Quotas;
using ApiShield.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>What only the store on Redis promises: one count for many connections, identity by id, keys that expire.</summary>
public sealed class RedisStoreBehaviourTests(SingleRedis redis) : IClassFixture<SingleRedis>
{
    private static readonly QuotaLimit Tokens = RedisStores.Tokens;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reserve_TenThousandOverSeveralConnections_AdmitsExactlyTheLimit(bool rememberRefusals)
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RedisStores.ConnectAsync(redis.Server.Configuration)));

        // A busy machine may take longer than the moment for which connecting waits.
        for (var tries = 0; tries < 200 && !stores.All(static store => store.IsConnected); tries++) await Task.Delay(50, TestContext.Current.CancellationToken);
        var key = RedisStores.NewKey();
        var limit = RedisStores.Requests(1000);
        var admitted = 0;
        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) =>
        {
            if (!rememberRefusals) stores[i % 4].ClearRefusals();
            var reservation = RedisStores.New((key, limit, 1));
            Assert.True(await stores[i % 4].ReserveAsync(reservation));
            if (!reservation.Refused) Interlocked.Increment(ref admitted);
        });
        Assert.Equal(1000, admitted);
        foreach (var store in stores) await store.DisposeAsync();
    }

    [Fact]
    public async Task Scripts_FlushedFromTheServer_AreLoadedAgain()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var key = RedisStores.NewKey();
        for (var i = 1; i <= 3; i++)
        {
            Assert.StartsWith("OK", await redis.Server.CliAsync("SCRIPT", "FLUSH"), StringComparison.Ordinal);
            var reservation = RedisStores.New((key, Tokens, 10));
            Assert.True(await store.ReserveAsync(reservation));
            await redis.Server.CliAsync("SCRIPT", "FLUSH");
            reservation.Entries[0].Used = 4;
            store.Settle(reservation);
            await store.SettledAsync();
            Assert.Equal((4L * i, 0L), await SumsAsync(store, key, Tokens));
        }
    }

    [Fact]
    public async Task Settle_SameIdFromTwoReplicas_ChargesOnce()
    {
        await using var first = await RedisStores.ConnectAsync(redis.Server.Configuration);
        await using var second = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var key = RedisStores.NewKey();
        var reservation = RedisStores.New((key, Tokens, 10));
        Assert.True(await first.ReserveAsync(reservation));
        reservation.Entries[0].Used = 7;
        var copy = new Reservation();
        reservation.CopyTo(copy);

        first.Settle(reservation);
        await first.SettledAsync();
        second.Settle(copy);
        await second.SettledAsync();
        Assert.Equal((7L, 0L), await SumsAsync(second, key, Tokens));
    }

    [Fact]
    public async Task Settle_ReservationWhoseAnswerWasLost_EndsItsHoldAndChargesItsUse()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var key = RedisStores.NewKey();
        var reserved = RedisStores.New((key, Tokens, 10));
        Assert.True(await store.ReserveAsync(reserved));
        Assert.Equal((0L, 10L), await SumsAsync(store, key, Tokens));

        var unanswered = new Reservation();
        unanswered.Start(reserved.Id);
        unanswered.Add(key, Tokens, 10).Used = 3;
        for (var i = 0; i < 3; i++)
        {
            store.Settle(unanswered);
            await store.SettledAsync();
            var other = RedisStores.New((RedisStores.NewKey(), Tokens, 10));
            Assert.True(await store.ReserveAsync(other));
            store.Settle(other);
            await store.SettledAsync();
        }
        Assert.Equal((3L, 0L), await SumsAsync(store, key, Tokens));
    }

    [Fact]
    public async Task Settle_AfterAnExtensionWhoseAnswerWasLost_EndsTheWholeHold()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var key = RedisStores.NewKey();
        var reservation = RedisStores.New((key, Tokens, 10));
        reservation.Entries[0].Extends = true;
        Assert.True(await store.ReserveAsync(reservation));
        var extended = new Reservation();
        reservation.CopyTo(extended);
        Assert.Equal(5, await store.ExtendAsync(extended, 5));

        reservation.HoldsUncertain = true;
        Assert.Equal(2, await store.ExtendAsync(reservation, 2));
        Assert.Equal((0L, 12L), await SumsAsync(store, key, Tokens));
        reservation.Entries[0].Amount = 10;
        reservation.Entries[0].Used = 11;
        store.Settle(reservation);
        await store.SettledAsync();
        Assert.Equal((11L, 0L), await SumsAsync(store, key, Tokens));
        Assert.Equal("0", await CliAsync("EXISTS", RedisStores.KeyName(key) + ":h"));
    }

    [Fact]
    public async Task Holds_OfAClientThatDied_EndByThemselves()
    {
        var key = RedisStores.NewKey();
        await using (var server = await TestKit.Redis.RedisServer.StartAsync())
        {
            var dying = await RedisStores.ConnectAsync(server.Configuration, holdLength: TimeSpan.FromSeconds(1));
            for (var i = 0; i < 200; i++)
                Assert.True(await dying.ReserveAsync(RedisStores.New((key, Tokens, 10), (RedisStores.NewKey(), RedisStores.Concurrency, 1))));
            Assert.Equal(2200, await HeldReader.HeldAsync(server));

            await using var other = await RedisStores.ConnectAsync(server.Configuration, holdLength: TimeSpan.FromSeconds(1));
            while (await HeldReader.HeldAsync(server) > 0) await Task.Delay(50, TestContext.Current.CancellationToken);
            var next = RedisStores.New((key, new QuotaLimit(Tokens.Unit, 10, TimeSpan.FromMinutes(1)), 10));
            Assert.True(await other.ReserveAsync(next));
            Assert.False(next.Refused);
            await dying.DisposeAsync();
        }
    }

    [Fact]
    public async Task Clock_SetBack_DoesNotReopenThePast()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var key = RedisStores.NewKey();
        var limit = RedisStores.Requests(3);
        var now = 1_800_000_000_000L;
        store.Clock = () => now;
        Assert.True(await store.ReserveAsync(RedisStores.New((key, limit, 2))));
        now -= 600_000;
        Assert.True(await store.ReserveAsync(RedisStores.New((key, limit, 1))));
        var refused = RedisStores.New((key, limit, 1));
        Assert.True(await store.ReserveAsync(refused));
        Assert.True(refused.Refused);
        Assert.InRange(refused.Entries[0].RetryAfterMs, 660_001, 661_000);
        now += 600_000 + limit.WindowMs;
        Assert.Equal((3L, 0L), await SumsAsync(store, key, limit));
        now += limit.SegmentMs;
        Assert.Equal((0L, 0L), await SumsAsync(store, key, limit));
    }

    [Fact]
    public async Task Counter_ThatCannotBeRead_StartsAfresh()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        foreach (var garbage in (string[])["", "not packed", "\u0001"])
        {
            var key = RedisStores.NewKey();
            await redis.Server.CliAsync("SET", RedisStores.KeyName(key), garbage);
            var reservation = RedisStores.New((key, RedisStores.Requests(5), 1));
            Assert.True(await store.ReserveAsync(reservation));
            Assert.Equal(4, reservation.Entries[0].Remaining);
            Assert.NotEqual("-1", await CliAsync("PTTL", RedisStores.KeyName(key)));
        }
    }

    [Fact]
    public async Task Settle_AmongKeysOfAnotherType_SettlesTheOthers()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var keys = Enumerable.Range(0, 40).Select(_ => RedisStores.NewKey()).ToArray();
        var reservations = keys.Select(key => RedisStores.New((key, Tokens, 10))).ToArray();
        foreach (var reservation in reservations) Assert.True(await store.ReserveAsync(reservation));
        foreach (var broken in (string[])[RedisStores.KeyName(keys[3]), RedisStores.KeyName(keys[5]) + ":h"])
        {
            await redis.Server.CliAsync("DEL", broken);
            await redis.Server.CliAsync("LPUSH", broken, "1");
        }

        foreach (var reservation in reservations)
        {
            reservation.Entries[0].Used = 1;
            store.Settle(reservation);
        }
        await store.SettledAsync();
        foreach (var key in keys.Where(key => key != keys[5])) Assert.Equal((1L, 0L), await SumsAsync(store, key, Tokens));
    }

    [Fact]
    public async Task Refusal_KnownToBeFirm_IsAnsweredWithoutACall()
    {
        var observer = new CountingObserver();
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration, observer: observer);
        var key = RedisStores.NewKey();
        var limit = RedisStores.Requests(1);
        for (var i = 0; i < 100; i++)
        {
            var reservation = RedisStores.New((RedisStores.NewKey(), Tokens, 5), (key, limit, 1));
            Assert.True(await store.ReserveAsync(reservation));
            Assert.Equal(i > 0, reservation.Refused);
            if (i > 0) Assert.InRange(reservation.Entries[1].RetryAfterMs, 1, 61_000);
        }
        Assert.Equal(2, observer.Calls[("reserve", true)]);

        store.ClearRefusals();
        Assert.True(await store.ReserveAsync(RedisStores.New((key, limit, 1))));
        Assert.Equal(3, observer.Calls[("reserve", true)]);
    }

    [Fact]
    public async Task Connect_ToARedisThatEvicts_Warns()
    {
        await using var server = await TestKit.Redis.RedisServer.StartAsync("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru");
        var logger = new EventLogger(awaited: 3005);
        await using var store = await RedisQuotaStore.ConnectAsync(
            new RedisStoreOptions { Configuration = server.Configuration }, TimeProvider.System, logger);
        Assert.Contains("allkeys-lru", await logger.Seen.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("allkeys-lru", store.EvictionPolicy);
    }

    private static async Task<(long Used, long Held)> SumsAsync(RedisQuotaStore store, CounterKey key, QuotaLimit limit)
    {
        var uses = await store.ReadAsync([(key, limit)]);
        return (uses![0].Used, uses[0].Held);
    }

    private async Task<string> CliAsync(params string[] arguments) => (await redis.Server.CliAsync(arguments)).Trim();
}
