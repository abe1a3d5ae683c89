using ApiShield.Quotas;

namespace ApiShield.Tests.Enforcement;

/// <summary>A store that can be unreachable.</summary>
internal sealed class FlakyStore(InProcessQuotaStore inner) : IQuotaStore, IDisposable
{
    public bool IsDown { get; set; }

    public ValueTask<bool> ReserveAsync(Reservation reservation) => IsDown ? ValueTask.FromResult(false) : inner.ReserveAsync(reservation);

    public void Settle(Reservation reservation)
    {
        if (!IsDown) inner.Settle(reservation);
    }

    public ValueTask<long> ExtendAsync(Reservation reservation, long amount) =>
        IsDown ? ValueTask.FromResult(-1L) : inner.ExtendAsync(reservation, amount);

    public void Renew(Reservation reservation)
    {
        if (!IsDown) inner.Renew(reservation);
    }

    public ValueTask<QuotaUse[]?> ReadAsync(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters) =>
        IsDown ? ValueTask.FromResult<QuotaUse[]?>(null) : inner.ReadAsync(counters);

    public void Dispose() => inner.Dispose();
}
