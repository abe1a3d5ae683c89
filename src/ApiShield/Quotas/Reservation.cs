namespace ApiShield.Quotas;

/// <summary>
/// What one exchange asks of all its quotas, and what they answered: filled by the caller, answered by a store as a whole, settled once. Reused
/// between exchanges, so that a decision allocates nothing.
/// </summary>
public sealed class Reservation
{
    private ReservationEntry[] _entries = new ReservationEntry[4];

    /// <summary>Names the reservation in the store; settling the same id twice changes nothing. Unique among all replicas.</summary>
    public UInt128 Id { get; private set; }

    /// <summary>The number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>The entries, in the order they were added.</summary>
    public Span<ReservationEntry> Entries => _entries.AsSpan(0, Count);

    /// <summary>Answer: an enforced entry did not fit, so that nothing is reserved on any.</summary>
    public bool Refused { get; set; }

    /// <summary>Answer: the store's time of the decision, in milliseconds since 1970.</summary>
    public long DecidedAtMs { get; set; }

    /// <summary>Answer: an extension was not decided, so that a hold may be larger than its entry says; settling finds it by the reservation's id.</summary>
    public bool HoldsUncertain { get; set; }

    /// <summary>Whether an entry is charged and holds something that has to be settled.</summary>
    public bool HoldsAnything
    {
        get
        {
            foreach (ref var entry in Entries)
                if (entry.Charged && entry.Limit.Holds) return true;
            return false;
        }
    }

    /// <summary>Makes the reservation ready for another exchange.</summary>
    public void Start(UInt128 id)
    {
        Entries.Clear();
        Count = 0;
        Refused = false;
        DecidedAtMs = 0;
        HoldsUncertain = false;
        Id = id;
    }

    /// <summary>Adds an entry and returns it to be filled further.</summary>
    public ref ReservationEntry Add(CounterKey key, QuotaLimit limit, long amount, bool enforced = true)
    {
        ArgumentNullException.ThrowIfNull(limit);
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        ref var entry = ref _entries[Count++];
        entry = default;
        entry.Key = key;
        entry.Limit = limit;
        entry.Amount = amount;
        entry.Enforced = enforced;
        return ref entry;
    }

    /// <summary>Copies what settling needs into another reservation, so that this one can be reused while that one waits.</summary>
    public void CopyTo(Reservation other)
    {
        ArgumentNullException.ThrowIfNull(other);
        other.Start(Id);
        foreach (ref var entry in Entries)
            other.Add(entry.Key, entry.Limit, entry.Amount, entry.Enforced) = entry;
        other.Refused = Refused;
        other.DecidedAtMs = DecidedAtMs;
        other.HoldsUncertain = HoldsUncertain;
    }
}
