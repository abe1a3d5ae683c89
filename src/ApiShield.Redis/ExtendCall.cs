using ApiShield.Quotas;

namespace ApiShield.Redis;

/// <summary>A request for more room as the arguments of extend.lua.</summary>
internal static class ExtendCall
{
    /// <summary>Whether the entry is asked.</summary>
    public static bool Asks(in ReservationEntry entry) => entry.Charged && entry.Extends && entry.Limit.Holds;

    /// <summary>The calls to make: one for all (null), or one a scope; none if no entry is asked.</summary>
    public static UInt128?[] Scopes(Reservation reservation, bool byScope)
    {
        var scopes = new List<UInt128?>(1);
        foreach (ref var entry in reservation.Entries)
        {
            if (!Asks(entry)) continue;
            UInt128? scope = byScope ? entry.Key.Scope : null;
            if (!scopes.Contains(scope)) scopes.Add(scope);
        }
        return [.. scopes];
    }

    public static ScriptArguments Build(Reservation reservation, UInt128? scope, long amount, long givenMs, long holdMs)
    {
        var count = Count(reservation, scope);
        var arguments = new ScriptArguments(count * 2, 12 + (count * 4));
        arguments.Add(givenMs);
        arguments.Add(reservation.Id);
        arguments.Add(holdMs);
        arguments.Add(amount);
        arguments.Add(reservation.HoldsUncertain);
        foreach (ref var entry in reservation.Entries)
        {
            if (!IsMeant(entry, scope)) continue;
            var keys = QuotaKeys.Of(entry.Key);
            arguments.Add(keys.Counter);
            arguments.Add(keys.Holds);
            arguments.Add(entry.Limit.Limit);
            arguments.Add(entry.Amount);
            arguments.Add(entry.Limit.WindowMs);
            arguments.Add(entry.Limit.SegmentMs);
        }
        return arguments;
    }

    /// <summary>Lowers the holds of one scope from what it granted to what all scopes granted. Call it before the entries' amounts are raised.</summary>
    public static Settlement Correction(Reservation reservation, UInt128? scope, long granted, long kept)
    {
        var parts = new SettlementPart[Count(reservation, scope)];
        var count = 0;
        foreach (ref var entry in reservation.Entries)
            if (IsMeant(entry, scope))
                parts[count++] = new SettlementPart(entry.Key, entry.Limit, entry.Amount + granted, entry.Amount + kept);
        return new Settlement(SettlementKind.Correct, reservation.Id, search: false, parts);
    }

    private static bool IsMeant(in ReservationEntry entry, UInt128? scope) => Asks(entry) && (scope is not { } only || entry.Key.Scope == only);

    private static int Count(Reservation reservation, UInt128? scope)
    {
        var count = 0;
        foreach (ref var entry in reservation.Entries)
            if (IsMeant(entry, scope)) count++;
        return count;
    }
}
