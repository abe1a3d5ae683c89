using ApiShield.Quotas;

namespace ApiShield.Redis;

/// <summary>
/// Refusals of request quotas that nothing can lift before their time: who keeps knocking is answered from here, without a round trip.
/// </summary>
/// <remarks>A table of fixed size in which a newer refusal displaces an older one of the same place, so that no attacker makes it grow.</remarks>
internal sealed class FirmRefusals
{
    private const int Places = 8192;
    private readonly Refusal?[] _refusals = new Refusal?[Places];

    /// <summary>Answers the reservation if one of its entries is known to have no room.</summary>
    public bool TryRefuse(Reservation reservation, long nowMs)
    {
        foreach (ref var entry in reservation.Entries)
        {
            if (!Cacheable(entry)) continue;
            var known = Volatile.Read(ref _refusals[Place(entry.Key)]);
            if (known is null || known.Key != entry.Key || !known.SameLimit(entry.Limit)) continue;
            var passed = nowMs - known.AskedAtMs;
            if (passed < 0 || passed >= known.RetryAfterMs) continue;
            Refuse(reservation, ref entry, known, passed);
            return true;
        }
        return false;
    }

    /// <summary>Remembers the firm refusals that a script has answered.</summary>
    /// <param name="reservation">The answered reservation.</param>
    /// <param name="askedAtMs">When the script was called: counting from then, the memory ends before the refusal does.</param>
    public void Remember(Reservation reservation, long askedAtMs)
    {
        foreach (ref var entry in reservation.Entries)
        {
            if (entry.Fits || !entry.RefusalIsFirm || !Cacheable(entry)) continue;
            Volatile.Write(
                ref _refusals[Place(entry.Key)],
                new Refusal(entry.Key, entry.Limit, entry.ResetMs, entry.RetryAfterMs, reservation.DecidedAtMs, askedAtMs));
        }
    }

    /// <summary>Forgets all, as after a reload of the rules.</summary>
    public void Clear() => Array.Clear(_refusals);

    /// <summary>One request that has no room says that nothing has, until something leaves; of two that have none, one may yet be admitted.</summary>
    private static bool Cacheable(in ReservationEntry entry) => entry.Enforced && entry.Amount == 1 && entry.Limit.Unit == QuotaUnit.Requests;

    private static int Place(in CounterKey key) => (int)(((ulong)key.Scope ^ key.Name) % Places);

    private static void Refuse(Reservation reservation, ref ReservationEntry refused, Refusal known, long passedMs)
    {
        foreach (ref var entry in reservation.Entries)
        {
            entry.Fits = true;
            entry.Charged = false;
            entry.Remaining = 0;
            entry.ResetMs = 0;
            entry.RetryAfterMs = 0;
            entry.RefusalIsFirm = false;
        }
        refused.Fits = false;
        refused.RefusalIsFirm = true;
        refused.ResetMs = Math.Max(0, known.ResetMs - passedMs);
        refused.RetryAfterMs = known.RetryAfterMs - passedMs;
        reservation.Refused = true;
        reservation.DecidedAtMs = known.DecidedAtMs + passedMs;
    }

    private sealed record Refusal(
        CounterKey Key, QuotaLimit Limit, long ResetMs, long RetryAfterMs, long DecidedAtMs, long AskedAtMs)
    {
        public bool SameLimit(QuotaLimit other) =>
            ReferenceEquals(Limit, other)
            || (Limit.Limit == other.Limit && Limit.WindowMs == other.WindowMs && Limit.SegmentMs == other.SegmentMs);
    }
}
