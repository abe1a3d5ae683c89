using ApiShield.Quotas;

namespace ApiShield.Redis;

/// <summary>Reservations as the arguments of reserve.lua, and that script's answer back into the reservations.</summary>
/// <remarks>On a single Redis one call takes all entries (no scope given) of several reservations; on Redis Cluster those of one scope of one.</remarks>
internal static class ReserveCall
{
    private const int Enforced = 1;
    private const int Holds = 2;
    private const int Fits = 1;
    private const int Charged = 2;
    private const int Firm = 4;
    private const int Refused = 1;
    private const int Undecided = 2;

    /// <summary>The call for some reservations.</summary>
    /// <param name="reservations">Decided one after the other, each as a whole.</param>
    /// <param name="scope">Only the entries of this scope; null for all.</param>
    /// <param name="givenMs">A test's time; 0 for the time of Redis.</param>
    /// <param name="holdMs">Length of a hold.</param>
    public static ScriptArguments Build(ReadOnlySpan<Reservation> reservations, UInt128? scope, long givenMs, long holdMs)
    {
        var count = 0;
        foreach (var reservation in reservations) count += Count(reservation, scope);
        var arguments = new ScriptArguments(count * 2, 3 + (reservations.Length * 8) + (count * 5));
        arguments.Add(givenMs);
        arguments.Add(holdMs);
        arguments.Add(count);
        foreach (var reservation in reservations)
        {
            arguments.Add(reservation.Id);
            arguments.Add(Count(reservation, scope));
            foreach (ref var entry in reservation.Entries)
            {
                if (scope is { } only && entry.Key.Scope != only) continue;
                arguments.Add(QuotaKeys.Of(entry.Key).Counter);
                arguments.Add(entry.Limit.Limit);
                arguments.Add(entry.Amount);
                arguments.Add(entry.Limit.WindowMs);
                arguments.Add(entry.Limit.SegmentMs);
                arguments.Add((entry.Enforced ? Enforced : 0) | (entry.Limit.Holds ? Holds : 0));
            }
        }

        foreach (var reservation in reservations)
            foreach (ref var entry in reservation.Entries)
                if (entry.Limit.Holds && (scope is not { } only || entry.Key.Scope == only)) arguments.Add(QuotaKeys.Of(entry.Key).Holds);
        return arguments;
    }

    private static int Count(Reservation reservation, UInt128? scope)
    {
        if (scope is not { } only) return reservation.Count;
        var count = 0;
        foreach (ref var entry in reservation.Entries)
            if (entry.Key.Scope == only) count++;
        return count;
    }

    /// <summary>The time of the decisions, with which the answer begins.</summary>
    public static long ReadTime(ref NumberReader answer) => answer.Next();

    /// <summary>Writes the next reservation's answers into its entries that were asked.</summary>
    /// <returns>False if it was not decided, or the answer cannot be read.</returns>
    public static bool TryApply(Reservation reservation, UInt128? scope, ref NumberReader answer, out bool refused)
    {
        var outcome = answer.Next();
        refused = outcome == Refused;
        foreach (ref var entry in reservation.Entries)
        {
            if (scope is { } only && entry.Key.Scope != only) continue;
            var flags = answer.Next();
            entry.Fits = (flags & Fits) != 0;
            entry.Charged = (flags & Charged) != 0;
            entry.RefusalIsFirm = (flags & Firm) != 0;
            entry.Remaining = answer.Next();
            entry.ResetMs = answer.Next();
            entry.RetryAfterMs = answer.Next();
        }
        return outcome != Undecided && !answer.Failed;
    }
}
