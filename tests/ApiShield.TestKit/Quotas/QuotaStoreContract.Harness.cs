using System.Globalization;
using ApiShield.Quotas;
using Xunit;

namespace ApiShield.TestKit.Quotas;

/// <summary>Short forms for what the contract's tests do all the time.</summary>
public abstract partial class QuotaStoreContract
{
    /// <summary>An id like those of the proxy: unique among all that use the store.</summary>
    protected static UInt128 NewId() => UInt128.Parse(Guid.NewGuid().ToString("N"), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A counter of this test alone, so that tests can share a server.</summary>
    protected CounterKey Key(ulong name, uint scope = 1) => new(_run + scope, name);

    private static QuotaLimit Requests(long limit) => new(QuotaUnit.Requests, limit, Minute);

    private static QuotaLimit Tokens(long limit) => new(QuotaUnit.TotalTokens, limit, TimeSpan.FromMinutes(10));

    private static QuotaLimit Concurrency(long limit) => new(QuotaUnit.ConcurrentRequests, limit, TimeSpan.Zero);

    private static Reservation New()
    {
        var reservation = new Reservation();
        reservation.Start(NewId());
        return reservation;
    }

    private async Task<Reservation> ReserveAsync(params (CounterKey Key, QuotaLimit Limit, long Amount)[] entries)
    {
        var reservation = New();
        foreach (var (key, limit, amount) in entries) reservation.Add(key, limit, amount);
        Assert.True(await Store.ReserveAsync(reservation), "the store did not decide");
        return reservation;
    }

    private async Task SettleAsync(Reservation reservation, params long[] used)
    {
        for (var i = 0; i < used.Length; i++) reservation.Entries[i].Used = used[i];
        Store.Settle(reservation);
        await DeliveredAsync();
    }

    private async Task<QuotaUse> UseAsync(CounterKey key, QuotaLimit limit)
    {
        var uses = await Store.ReadAsync([(key, limit)]);
        Assert.NotNull(uses);
        return Assert.Single(uses);
    }

    private async Task<(long Used, long Held)> SumsAsync(CounterKey key, QuotaLimit limit)
    {
        var use = await UseAsync(key, limit);
        return (use.Used, use.Held);
    }

    private void Advance(long milliseconds) => Clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
}
