using ApiShield.Quotas;

namespace ApiShield.Redis;

/// <summary>Work on a reservation's holds that waits to be delivered to Redis.</summary>
internal sealed class Settlement(SettlementKind kind, UInt128 id, bool search, SettlementPart[] parts)
{
    public SettlementKind Kind { get; } = kind;

    /// <summary>The reservation's id.</summary>
    public UInt128 Id { get; } = id;

    /// <summary>Whether holds may have other amounts than the parts say.</summary>
    public bool Search { get; } = search;

    public SettlementPart[] Parts { get; } = parts;

    /// <summary>When it was queued, on the clock's timestamps.</summary>
    public long QueuedAt { get; set; }

    /// <summary>When it is tried again, on the clock's timestamps.</summary>
    public long DueAt { get; set; }

    /// <summary>How often delivery has failed.</summary>
    public int Failures { get; set; }

    /// <summary>Whether a call of the present round has failed.</summary>
    public bool Failed { get; set; }

    /// <summary>
    /// Whether Redis may forget the id once this is delivered: no other delivery of it has been tried, so none can come late. Else every settled
    /// exchange of ten minutes would cost its account 130 bytes.
    /// </summary>
    public bool LeavesNoRepetition => Kind is SettlementKind.Settle or SettlementKind.Refund && Failures == 0;

    /// <summary>What of a reservation is to be settled; null if nothing is.</summary>
    public static Settlement? Of(SettlementKind kind, Reservation reservation)
    {
        if (reservation.Refused) return null;

        // A reservation that was not decided may hold all that it asked for.
        var undecided = reservation.DecidedAtMs == 0;
        var count = 0;
        foreach (ref var entry in reservation.Entries)
            if (entry.Limit.Holds && (entry.Charged || undecided)) count++;
        if (count == 0) return null;

        var parts = new SettlementPart[count];
        count = 0;
        foreach (ref var entry in reservation.Entries)
            if (entry.Limit.Holds && (entry.Charged || undecided))
                parts[count++] = new SettlementPart(entry.Key, entry.Limit, entry.Amount, Math.Max(0, entry.Used));
        return new Settlement(kind, reservation.Id, reservation.HoldsUncertain, parts);
    }
}
