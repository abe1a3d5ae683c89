using System.Globalization;
using ApiShield.Quotas;
using ApiShield.Redis;
using ApiShield.TestKit.Redis;
using Microsoft.Extensions.Logging.Abstractions;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>Stores, limits and reservations as the tests on Redis use them.</summary>
internal static class RedisStores
{
    public static readonly QuotaLimit Tokens = new(QuotaUnit.TotalTokens, 1_000_000, TimeSpan.FromMinutes(1));
    public static readonly QuotaLimit Concurrency = new(QuotaUnit.ConcurrentRequests, 1_000_000, TimeSpan.Zero);

    /// <summary>A store whose deadline no slow test machine misses, unless a test says otherwise.</summary>
    public static Task<RedisQuotaStore> ConnectAsync(
        string configuration, TimeSpan? deadline = null, TimeSpan? holdLength = null, IStoreObserver? observer = null, int capacity = 65_536) =>
        RedisQuotaStore.ConnectAsync(
            new RedisStoreOptions
            {
                Configuration = configuration,
                Deadline = deadline ?? TimeSpan.FromSeconds(5),
                HoldLength = holdLength ?? TimeSpan.FromSeconds(60),
                SettlementCapacity = capacity,
                DrainTimeout = TimeSpan.FromSeconds(1),
            },
            TimeProvider.System, NullLogger.Instance, observer);

    public static QuotaLimit Requests(long limit) => new(QuotaUnit.Requests, limit, TimeSpan.FromMinutes(1));

    public static UInt128 NewId() => UInt128.Parse(Guid.NewGuid().ToString("N"), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public static CounterKey NewKey(ulong name = 1) => new(NewId(), name);

    public static Reservation New(params (CounterKey Key, QuotaLimit Limit, long Amount)[] entries)
    {
        var reservation = new Reservation();
        reservation.Start(NewId());
        foreach (var (key, limit, amount) in entries) reservation.Add(key, limit, amount);
        return reservation;
    }

    public static string KeyName(CounterKey key) =>
        string.Create(CultureInfo.InvariantCulture, $"apishield:{{{key.Scope:x32}}}:{key.Name:x16}");

    /// <summary>The open holds of all counters of a server, counted without the store's own scripts.</summary>
    public static async Task<int> OpenHoldsAsync(RedisServer server)
    {
        const string Script = """
            local open = 0
            for _, key in ipairs(redis.call('KEYS', 'apishield:*:h')) do open = open + redis.call('ZCARD', key) end
            return open
            """;
        return int.Parse((await server.CliAsync("EVAL", Script, "0")).Trim(), CultureInfo.InvariantCulture);
    }
}
