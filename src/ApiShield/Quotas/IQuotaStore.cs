namespace ApiShield.Quotas;

/// <summary>Port to where counters live. The in-process store and the one on Redis pass the same contract suite.</summary>
/// <remarks>
/// Time is the store's own. No method throws for an unreachable store: it answers false and counts the failure, and the caller does what each rule
/// says (<c>onStoreFailure</c>).
/// </remarks>
public interface IQuotaStore
{
    /// <summary>
    /// Decides all entries together. If every enforced entry has room, each entry that has room is charged (requests) or held (tokens, concurrency)
    /// until settled or until the hold expires; else nothing is changed. The answers are written into the reservation.
    /// </summary>
    /// <returns>False if the store could not decide; then a hold may or may not have been taken, and settling the reservation releases it.</returns>
    ValueTask<bool> ReserveAsync(Reservation reservation);

    /// <summary>
    /// Ends the holds of all charged entries and enters <see cref="ReservationEntry.Used"/> in the current segment. Repeating it changes nothing.
    /// A hold that has expired meanwhile is charged what was used all the same. Never waits for the store: a settlement that cannot be delivered is repeated.
    /// </summary>
    void Settle(Reservation reservation);

    /// <summary>
    /// Asks every charged entry with <see cref="ReservationEntry.Extends"/> for more room and raises its hold by what is granted: up to
    /// <paramref name="amount"/>, as much as all of them have left.
    /// </summary>
    /// <returns>Units granted; 0 if there is no room; -1 if the store could not decide.</returns>
    ValueTask<long> ExtendAsync(Reservation reservation, long amount);

    /// <summary>Puts the expiry of the holds of a running exchange off by the hold's full length.</summary>
    void Renew(Reservation reservation);

    /// <summary>Reads counters for people and the admin endpoints; null if the store is unreachable.</summary>
    ValueTask<QuotaUse[]?> ReadAsync(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters);
}
