using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>A reservation as the arguments of reserve.lua, and that script's answer back into the reservation.</summary>
/// <remarks>On a single Redis one call takes all entries (no scope given); on Redis Cluster one call takes those of one scope.</remarks>
internal static class ReserveCall
{
    private const int Enforced = 1;
    private const int Holds = 2;
    private const int Fits = 1;
    private const int Charged = 2;
    private const int Firm = 4;

    public static ScriptArguments Build(Reservation reservation, UInt128? scope, long givenMs, long holdMs)
    {
        int count = 0, holding = 0;
        foreach (ref var entry in reservation.Entries)
        {
            if (scope is { } only && entry.Key.Scope != only) continue;
            count++;
            if (entry.Limit.Holds) holding++;
        }

        var keys = new RedisKey[count + holding];
        var values = new RedisValue[3 + (count * 5)];
        values[0] = givenMs;
        values[1] = QuotaKeys.Id(reservation.Id);
        values[2] = holdMs;
        int key = 0, holds = count, value = 3;
        foreach (ref var entry in reservation.Entries)
        {
            if (scope is { } only && entry.Key.Scope != only) continue;
            keys[key++] = QuotaKeys.Counter(entry.Key);
            if (entry.Limit.Holds) keys[holds++] = QuotaKeys.Holds(entry.Key);
            values[value++] = QuotaKeys.Number(entry.Limit.Limit);
            values[value++] = QuotaKeys.Number(entry.Amount);
            values[value++] = entry.Limit.WindowMs;
            values[value++] = entry.Limit.SegmentMs;
            values[value++] = (entry.Enforced ? Enforced : 0) | (entry.Limit.Holds ? Holds : 0);
        }
        return new ScriptArguments(keys, values);
    }

    /// <summary>Writes the answers into the entries that were asked.</summary>
    /// <returns>False if the answer cannot be read.</returns>
    public static bool TryApply(Reservation reservation, UInt128? scope, RedisResult answer, out bool refused, out long decidedAtMs)
    {
        var numbers = new NumberReader(answer);
        refused = numbers.Next() == 1;
        decidedAtMs = numbers.Next();
        foreach (ref var entry in reservation.Entries)
        {
            if (scope is { } only && entry.Key.Scope != only) continue;
            var flags = numbers.Next();
            entry.Fits = (flags & Fits) != 0;
            entry.Charged = (flags & Charged) != 0;
            entry.RefusalIsFirm = (flags & Firm) != 0;
            entry.Remaining = numbers.Next();
            entry.ResetMs = numbers.Next();
            entry.RetryAfterMs = numbers.Next();
        }
        return !numbers.Failed;
    }
}
