using System.Collections.Concurrent;

namespace ApiShield.Quotas;

/// <summary>The quota store of a single replica: counters in memory, exact under any concurrency, no allocation once an account is known.</summary>
public sealed class InProcessQuotaStore : IQuotaStore, IDisposable
{
    private const int StackEntries = 32;

    private readonly ConcurrentDictionary<CounterKey, Counter> _counters = new();
    private readonly TimeProvider _clock;
    private readonly long _holdMs;
    private readonly ITimer _sweeper;
    private long _order;

    /// <param name="clock">The store's time.</param>
    /// <param name="holdLength">How long a hold lives that is neither settled nor renewed.</param>
    public InProcessQuotaStore(TimeProvider clock, TimeSpan holdLength)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(holdLength, TimeSpan.Zero);
        _clock = clock;
        _holdMs = (long)holdLength.TotalMilliseconds;
        _sweeper = clock.CreateTimer(static state => ((InProcessQuotaStore)state!).Sweep(), this, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));
    }

    /// <summary>The number of counters in memory.</summary>
    public int Count => _counters.Count;

    /// <inheritdoc/>
    public ValueTask<bool> ReserveAsync(Reservation reservation)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        Reserve(reservation);
        return ValueTask.FromResult(true);
    }

    /// <summary>Decides as <see cref="ReserveAsync"/> does: this store always answers, and at once.</summary>
    internal void Reserve(Reservation reservation)
    {
        var entries = reservation.Entries;
        Span<int> order = entries.Length <= StackEntries ? stackalloc int[StackEntries] : new int[entries.Length];
        order = order[..entries.Length];

        LockAll(entries, order);
        try
        {
            var now = NowMs();
            reservation.DecidedAtMs = now;
            var refused = false;
            foreach (ref var entry in entries)
            {
                entry.Counter!.Advance(entry.Limit, now);
                entry.Fits = entry.Counter.HasRoom(entry);
                refused |= entry.Enforced && !entry.Fits;
            }

            reservation.Refused = refused;
            foreach (ref var entry in entries)
            {
                if (!refused && entry.Fits) entry.Counter!.Charge(ref entry, now + _holdMs);
                entry.Counter!.Answer(ref entry, now);
            }
        }
        finally
        {
            UnlockAll(entries, order);
        }
    }

    /// <inheritdoc/>
    public void Settle(Reservation reservation)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        var now = NowMs();
        foreach (ref var entry in reservation.Entries)
        {
            if (!entry.Charged || !entry.Limit.Holds) continue;
            entry.Charged = false;
            var counter = LockOne(ref entry);
            try
            {
                counter.Advance(entry.Limit, now);
                counter.Settle(ref entry);
            }
            finally
            {
                Monitor.Exit(counter);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<long> ExtendAsync(Reservation reservation, long amount)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        var entries = reservation.Entries;
        Span<int> order = entries.Length <= StackEntries ? stackalloc int[StackEntries] : new int[entries.Length];
        order = order[..entries.Length];

        LockAll(entries, order);
        try
        {
            var now = NowMs();
            var granted = amount;
            foreach (ref var entry in entries)
            {
                if (!entry.Charged || !entry.Extends) continue;
                entry.Counter!.Advance(entry.Limit, now);
                granted = Math.Min(granted, entry.Counter.RoomToExtend(entry));
            }

            if (granted <= 0) return ValueTask.FromResult(0L);
            foreach (ref var entry in entries)
                if (entry.Charged && entry.Extends) entry.Counter!.Extend(ref entry, granted, now + _holdMs);
            return ValueTask.FromResult(granted);
        }
        finally
        {
            UnlockAll(entries, order);
        }
    }

    /// <inheritdoc/>
    public void Renew(Reservation reservation)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        foreach (ref var entry in reservation.Entries)
        {
            if (!entry.Charged || !entry.Limit.Holds) continue;
            var counter = LockOne(ref entry);
            try
            {
                counter.Renew(entry, NowMs() + _holdMs);
            }
            finally
            {
                Monitor.Exit(counter);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<QuotaUse[]?> ReadAsync(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters)
    {
        ArgumentNullException.ThrowIfNull(counters);
        var uses = new QuotaUse[counters.Count];
        var now = NowMs();
        for (var i = 0; i < uses.Length; i++)
        {
            if (!_counters.TryGetValue(counters[i].Key, out var counter)) continue;
            lock (counter)
            {
                counter.Advance(counters[i].Limit, now);
                uses[i] = counter.Read(now);
            }
        }
        return ValueTask.FromResult<QuotaUse[]?>(uses);
    }

    /// <summary>Forgets the counters that hold nothing; runs by itself twice a minute.</summary>
    internal void Sweep()
    {
        var now = NowMs();
        foreach (var (key, counter) in _counters)
        {
            lock (counter)
            {
                counter.Advance(now);
                if (!counter.IsEmpty) continue;
                counter.Removed = true;
                _counters.TryRemove(key, out _);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sweeper.Dispose();

    private long NowMs() => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private Counter Fetch(in CounterKey key) =>
        _counters.TryGetValue(key, out var counter)
            ? counter
            : _counters.GetOrAdd(key, static (_, store) => new Counter(Interlocked.Increment(ref store._order)), this);

    private Counter LockOne(ref ReservationEntry entry)
    {
        while (true)
        {
            var counter = entry.Counter ??= Fetch(entry.Key);
            Monitor.Enter(counter);
            if (!counter.Removed) return counter;
            Monitor.Exit(counter);
            Forget(ref entry);
        }
    }

    /// <summary>A counter is only removed when all its holds have expired: their handles mean nothing to the one that follows.</summary>
    private static void Forget(ref ReservationEntry entry)
    {
        entry.Counter = null;
        entry.Hold = 0;
    }

    private void LockAll(Span<ReservationEntry> entries, Span<int> order)
    {
        while (true)
        {
            for (var i = 0; i < entries.Length; i++)
            {
                if (entries[i].Counter is { Removed: true }) Forget(ref entries[i]);
                var counter = entries[i].Counter ??= Fetch(entries[i].Key);

                // Insertion sort: a request has a handful of entries.
                var at = i;
                for (; at > 0 && entries[order[at - 1]].Counter!.Order > counter.Order; at--) order[at] = order[at - 1];
                order[at] = i;
            }

            var removed = false;
            foreach (var i in order)
            {
                Monitor.Enter(entries[i].Counter!);
                removed |= entries[i].Counter!.Removed;
            }
            if (!removed) return;
            UnlockAll(entries, order);
        }
    }

    private static void UnlockAll(Span<ReservationEntry> entries, Span<int> order)
    {
        foreach (var i in order) Monitor.Exit(entries[i].Counter!);
    }
}
