using System.Globalization;
using ApiShield.Quotas;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>What the store leaves in Redis: names, expiries, bytes.</summary>
public sealed class RedisKeyTests(SingleRedis redis) : IClassFixture<SingleRedis>
{
    private static readonly QuotaLimit Tokens = RedisStores.Tokens;

    [Fact]
    public async Task Keys_AfterEveryOperation_Expire()
    {
        await using var server = await TestKit.Redis.RedisServer.StartAsync();
        await using var store = await RedisStores.ConnectAsync(server.Configuration);
        for (var i = 0; i < 20; i++)
        {
            var key = RedisStores.NewKey();
            var reservation = RedisStores.New((key, Tokens, 10), (new CounterKey(key.Scope, 2), RedisStores.Requests(5), 1), (new CounterKey(key.Scope, 3), RedisStores.Concurrency, 1));
            reservation.Entries[0].Extends = true;
            Assert.True(await store.ReserveAsync(reservation));
            if (i % 2 == 0) Assert.Equal(5, await store.ExtendAsync(reservation, 5));
            if (i % 3 == 0) store.Renew(reservation);
            if (i % 5 != 0) store.Settle(reservation);
        }
        await store.SettledAsync();

        var keys = (await server.CliAsync("KEYS", "*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(keys);
        foreach (var key in keys)
        {
            Assert.Matches("^apishield:\\{[0-9a-f]{32}\\}:(s|[0-9a-f]{16}(:h)?)$", key);
            Assert.InRange(long.Parse(await server.CliAsync("PTTL", key), CultureInfo.InvariantCulture), 1, 661_000);
        }
    }

    [Fact]
    public async Task Refusal_DoesNotRefreshTheExpiry()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var key = RedisStores.NewKey();
        Assert.True(await store.ReserveAsync(RedisStores.New((key, RedisStores.Requests(2), 2))));
        await redis.Server.CliAsync("PEXPIRE", RedisStores.KeyName(key), "9000");
        for (var i = 0; i < 3; i++)
        {
            var refused = RedisStores.New((key, RedisStores.Requests(2), 1));
            store.ClearRefusals();
            Assert.True(await store.ReserveAsync(refused));
            Assert.True(refused.Refused);
        }
        Assert.InRange(long.Parse(await CliAsync("PTTL", RedisStores.KeyName(key)), CultureInfo.InvariantCulture), 1, 9000);
    }

    [Fact]
    public async Task Memory_OfABusyAccount_StaysSmall()
    {
        await using var store = await RedisStores.ConnectAsync(redis.Server.Configuration);
        var scope = RedisStores.NewKey().Scope;
        var now = 1_800_000_000_000L;
        store.Clock = () => now;
        var requests = RedisStores.Requests(1_000_000);
        for (var i = 0; i < 240; i++)
        {
            now += 500;
            var reservation = RedisStores.New((new(scope, 1), requests, 1), (new(scope, 2), Tokens, 3000), (new(scope, 3), RedisStores.Concurrency, 1));
            Assert.True(await store.ReserveAsync(reservation));
            if (i >= 236) continue; // Four are under way.
            reservation.Entries[1].Used = 1500 + i;
            store.Settle(reservation);
            await store.SettledAsync();
        }

        long sum = 0;
        foreach (var key in (await redis.Server.CliAsync("KEYS", string.Create(CultureInfo.InvariantCulture, $"apishield:{{{scope:x32}}}:*"))).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var bytes = long.Parse(await redis.Server.CliAsync("MEMORY", "USAGE", key), CultureInfo.InvariantCulture);
            sum += bytes;
            TestContext.Current.TestOutputHelper?.WriteLine($"{bytes,6} bytes  {key[45..]}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{sum,6} bytes  an account with 3 quotas, all segments in use, 4 exchanges under way, 236 settled");
        Assert.InRange(sum, 1, 2500);
    }

    private async Task<string> CliAsync(params string[] arguments) => (await redis.Server.CliAsync(arguments)).Trim();
}
