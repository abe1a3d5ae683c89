namespace ApiShield.Quotas;

/// <summary>One counter's part in a reservation: what is asked of it, what it answered, what was used in the end.</summary>
public struct ReservationEntry
{
    /// <summary>The value of <see cref="Remaining"/> where another entry's refusal was known beforehand, so that this one's counter was not read.</summary>
    public const long NotAsked = -1;

    /// <summary>Which counter.</summary>
    public CounterKey Key { get; set; }

    /// <summary>How much of what, within which window.</summary>
    public QuotaLimit Limit { get; set; }

    /// <summary>The amount to reserve, in units, at least 0. An extension that is granted raises it.</summary>
    public long Amount { get; set; }

    /// <summary>False for a rule in shadow mode: it answers, and is charged if it has room, but never refuses.</summary>
    public bool Enforced { get; set; }

    /// <summary>Whether <see cref="IQuotaStore.ExtendAsync"/> asks this entry for room (a rule with <c>onExhausted: cut</c>).</summary>
    public bool Extends { get; set; }

    /// <summary>Answer: whether the amount fitted.</summary>
    public bool Fits { get; set; }

    /// <summary>Answer: whether the amount was charged or is held here. Only such entries are settled.</summary>
    public bool Charged { get; set; }

    /// <summary>Answer: units left after this reservation, at least 0; or <see cref="NotAsked"/>.</summary>
    public long Remaining { get; set; }

    /// <summary>Answer: milliseconds until all that is now in the window has left it.</summary>
    public long ResetMs { get; set; }

    /// <summary>Answer where it did not fit: milliseconds until it may.</summary>
    public long RetryAfterMs { get; set; }

    /// <summary>Answer where it did not fit: no settlement can make it fit sooner than <see cref="RetryAfterMs"/>, for what is in the window alone refuses it.</summary>
    public bool RefusalIsFirm { get; set; }

    /// <summary>To settle: units really used. Ignored for requests and concurrency.</summary>
    public long Used { get; set; }

    /// <summary>The in-process store's handle of the counter; null elsewhere.</summary>
    internal Counter? Counter { get; set; }

    /// <summary>The in-process store's handle of the hold within the counter.</summary>
    internal long Hold { get; set; }

    /// <summary>The in-process store's segment in which a request was entered, to take it out again.</summary>
    internal long Segment { get; set; }
}
