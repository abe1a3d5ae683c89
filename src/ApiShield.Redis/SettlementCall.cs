using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Settlements that go to Redis in one call of settle.lua.</summary>
/// <param name="scope">The scope whose parts are meant; null for all.</param>
internal sealed class SettlementCall(UInt128? scope)
{
    /// <summary>Enough to save most round trips, few enough that the script does not hold Redis up.</summary>
    public const int MostSettlements = 16;

    private readonly List<Settlement> _forgotten = [];

    public List<Settlement> Settlements { get; } = [];

    /// <summary>Sorts settlements into calls: on a single Redis as many together as fit, on Redis Cluster by scope.</summary>
    /// <param name="settlements">What is to be delivered.</param>
    /// <param name="delivered">What has been delivered and can be forgotten; goes along where there is a call for it.</param>
    /// <param name="byScope">Whether this is a Redis Cluster.</param>
    public static List<SettlementCall> Plan(List<Settlement> settlements, List<Settlement> delivered, bool byScope)
    {
        var calls = new List<SettlementCall>();
        var open = new Dictionary<UInt128, SettlementCall>();
        foreach (var settlement in settlements)
        {
            if (!byScope)
            {
                Place(settlement, null, 0);
                continue;
            }
            for (var i = 0; i < settlement.Parts.Length; i++)
                if (IsFirstOfItsScope(settlement.Parts, i)) Place(settlement, settlement.Parts[i].Key.Scope, settlement.Parts[i].Key.Scope);
        }

        foreach (var settlement in delivered)
        {
            if (!byScope && calls.Count > 0) calls[^1]._forgotten.Add(settlement);
            else if (byScope)
                foreach (var part in settlement.Parts)
                    if (open.TryGetValue(part.Key.Scope, out var call)) call._forgotten.Add(settlement);
        }
        return calls;

        void Place(Settlement settlement, UInt128? scope, UInt128 place)
        {
            if (!open.TryGetValue(place, out var call) || call.Settlements.Count == MostSettlements)
            {
                call = new SettlementCall(scope);
                calls.Add(call);
                open[place] = call;
            }
            call.Settlements.Add(settlement);
        }
    }

    /// <summary>The arguments of settle.lua.</summary>
    public ScriptArguments Build(long givenMs, long holdMs, long retentionMs)
    {
        var keys = new List<RedisKey>(Settlements.Count * 4);
        var values = new List<RedisValue>(3 + (Settlements.Count * 10)) { givenMs, holdMs, retentionMs };
        foreach (var settlement in Settlements)
        {
            values.Add((int)settlement.Kind);
            values.Add(QuotaKeys.Id(settlement.Id));
            values.Add(settlement.Search ? 1 : 0);
            var countAt = values.Count;
            values.Add(0);
            if (settlement.Kind is SettlementKind.Settle or SettlementKind.Refund)
                keys.Add(QuotaKeys.SettledIds(scope ?? settlement.Parts[0].Key.Scope));

            var count = 0;
            foreach (var part in settlement.Parts)
            {
                if (scope is { } only && part.Key.Scope != only) continue;
                count++;
                keys.Add(QuotaKeys.Counter(part.Key));
                if (part.Limit.Holds) keys.Add(QuotaKeys.Holds(part.Key));
                values.Add(part.Limit.Holds ? 1 : 0);
                values.Add(QuotaKeys.Number(part.Amount));
                values.Add(QuotaKeys.Number(part.Value));
                values.Add(part.Limit.WindowMs);
                values.Add(part.Limit.SegmentMs);
            }
            values[countAt] = count;
        }

        foreach (var settlement in _forgotten)
        {
            keys.Add(QuotaKeys.SettledIds(scope ?? settlement.Parts[0].Key.Scope));
            values.Add((int)SettlementKind.Forget);
            values.Add(QuotaKeys.Id(settlement.Id));
            values.Add(0);
            values.Add(0);
        }
        return new ScriptArguments([.. keys], [.. values]);
    }

    private static bool IsFirstOfItsScope(SettlementPart[] parts, int index)
    {
        for (var i = 0; i < index; i++)
            if (parts[i].Key.Scope == parts[index].Key.Scope) return false;
        return true;
    }
}
