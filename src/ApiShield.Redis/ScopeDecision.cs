using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>One decision on Redis Cluster: a call for each scope, issued together, and refunds where one scope refuses what others granted.</summary>
/// <remarks>
/// Until the refunds have arrived the other scopes count a request that was not admitted: they may refuse one that fits, and never admit one
/// that does not.
/// </remarks>
internal sealed class ScopeDecision(ScriptCaller caller, SettlementQueue settlements, Reservation reservation, UInt128[] scopes)
{
    /// <summary>The scopes of a reservation, each once.</summary>
    public static UInt128[] ScopesOf(Reservation reservation)
    {
        var scopes = new List<UInt128>(reservation.Count);
        foreach (ref var entry in reservation.Entries)
            if (!scopes.Contains(entry.Key.Scope)) scopes.Add(entry.Key.Scope);
        return [.. scopes];
    }

    /// <returns>False if no scope refused and at least one did not answer: nothing is refunded then, settling will release what is held.</returns>
    public async ValueTask<bool> DecideAsync(long givenMs, long holdMs, TimeSpan deadline)
    {
        var calls = new Task<RedisResult?>[scopes.Length];
        for (var i = 0; i < calls.Length; i++)
            calls[i] = caller.CallAsync(QuotaScript.Reserve, ReserveCall.Build([reservation], scopes[i], givenMs, holdMs), deadline);

        var outcomes = new Outcome[scopes.Length];
        long decidedAt = 0;
        bool anyRefused = false, allDecided = true;
        for (var i = 0; i < calls.Length; i++)
        {
            var answer = await calls[i].ConfigureAwait(false);
            var numbers = new NumberReader(answer);
            outcomes[i].DecidedAtMs = ReserveCall.ReadTime(ref numbers);
            if (!ReserveCall.TryApply(reservation, scopes[i], ref numbers, out var refused))
            {
                if (!numbers.Failed) caller.Undecided(QuotaScript.Reserve);
                allDecided = false;
                continue;
            }
            outcomes[i].Decided = true;
            outcomes[i].Refused = refused;
            anyRefused |= refused;
            decidedAt = Math.Max(decidedAt, outcomes[i].DecidedAtMs);
        }

        if (!anyRefused)
        {
            if (allDecided) reservation.DecidedAtMs = decidedAt;
            return allDecided;
        }
        for (var i = 0; i < scopes.Length; i++)
            if (!outcomes[i].Refused) Refund(scopes[i], outcomes[i]);
        reservation.Refused = true;
        reservation.DecidedAtMs = decidedAt;
        return true;
    }

    private void Refund(UInt128 scope, in Outcome outcome)
    {
        var parts = new List<SettlementPart>();
        foreach (ref var entry in reservation.Entries)
        {
            if (entry.Key.Scope != scope) continue;
            if (outcome.Decided)
            {
                if (!entry.Charged) continue;
                entry.Charged = false;
                entry.Remaining = Math.Min(entry.Limit.Limit, entry.Remaining + entry.Amount);
            }
            else
            {
                // Whether it holds anything is not known: a hold can be ended all the same, a request must not be taken out on a guess.
                entry.Fits = true;
                if (!entry.Limit.Holds) continue;
            }
            parts.Add(new SettlementPart(entry.Key, entry.Limit, entry.Amount, outcome.DecidedAtMs));
        }
        if (parts.Count > 0) settlements.Add(new Settlement(SettlementKind.Refund, reservation.Id, search: false, [.. parts]));
    }

    private struct Outcome
    {
        public bool Decided;
        public bool Refused;
        public long DecidedAtMs;
    }
}
