using ApiShield.Quotas;
using ApiShield.TestKit.Quotas;
using Xunit;

namespace ApiShield.Tests.Quotas;

/// <summary>The in-process store under the contract that all stores share, and what only it promises.</summary>
public sealed class InProcessQuotaStoreTests : QuotaStoreContract
{
    private InProcessQuotaStore _store = null!;

    protected override ValueTask<IQuotaStore> OpenAsync() => ValueTask.FromResult<IQuotaStore>(_store = new InProcessQuotaStore(Clock, HoldLength));

    [Fact]
    public void ReserveAndSettle_KnownCounters_AllocatesNothing()
    {
        var requests = new QuotaLimit(QuotaUnit.Requests, long.MaxValue / 4, TimeSpan.FromMinutes(1));
        var tokens = new QuotaLimit(QuotaUnit.TotalTokens, long.MaxValue / 4, TimeSpan.FromHours(1));
        var slots = new QuotaLimit(QuotaUnit.ConcurrentRequests, 100, TimeSpan.Zero);
        var reservation = new Reservation();
        ulong id = 0;
        void Once()
        {
            reservation.Start(++id);
            reservation.Add(Key(1), requests, 1);
            reservation.Add(Key(2), tokens, 500);
            reservation.Add(Key(3), slots, 1);
            _store.Reserve(reservation);
            foreach (ref var entry in reservation.Entries) entry.Used = 300;
            _store.Settle(reservation);
        }
        for (var i = 0; i < 1000; i++) Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Sweep_CountersThatHoldNothing_AreForgotten()
    {
        var limit = new QuotaLimit(QuotaUnit.Requests, 5, TimeSpan.FromSeconds(10));
        for (ulong i = 0; i < 500; i++)
        {
            var reservation = new Reservation();
            reservation.Start(NewId());
            reservation.Add(Key(i), limit, 1);
            await _store.ReserveAsync(reservation);
        }
        Assert.Equal(500, _store.Count);
        _store.Sweep();
        Assert.Equal(500, _store.Count);
        Clock.Advance(TimeSpan.FromSeconds(12));
        _store.Sweep();
        Assert.Equal(0, _store.Count);
    }

    [Fact]
    public async Task Settle_CounterSweptMeanwhile_ChargesTheNewOneAndFreesNobodyElsesHold()
    {
        var limit = new QuotaLimit(QuotaUnit.TotalTokens, 100, TimeSpan.FromMinutes(1));
        var stale = new Reservation();
        stale.Start(NewId());
        stale.Add(Key(1), limit, 60);
        await _store.ReserveAsync(stale);
        Clock.Advance(HoldLength + TimeSpan.FromSeconds(1));
        _store.Sweep();

        var fresh = new Reservation();
        fresh.Start(NewId());
        fresh.Add(Key(1), limit, 50);
        await _store.ReserveAsync(fresh);
        stale.Entries[0].Used = 10;
        _store.Settle(stale);
        Assert.Equal((10L, 50L), await Sums(Key(1), limit));
    }

    private async Task<(long Used, long Held)> Sums(CounterKey key, QuotaLimit limit)
    {
        var use = (await _store.ReadAsync([(key, limit)]))![0];
        return (use.Used, use.Held);
    }
}
