using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Settlements that go to Redis in one call of settle.lua.</summary>
/// <param name="scope">The scope whose parts are meant; null for all.</param>
internal sealed class SettlementCall(UInt128? scope)
{
    /// <summary>Enough to save most round trips, few enough that the script does not hold Redis up.</summary>
    public const int MostSettlements = 64;

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
        var arguments = new ScriptArguments(Settlements.Count * 6, 3 + (Settlements.Count * 24));
        arguments.Add(givenMs);
        arguments.Add(holdMs);
        arguments.Add(retentionMs);
        foreach (var settlement in Settlements)
        {
            if (settlement.Kind is SettlementKind.Settle or SettlementKind.Refund) arguments.Add(SettledIds());
            AddHead(arguments, settlement.Kind, settlement, settlement.Parts.Count(IsMeant));
            foreach (var part in settlement.Parts)
            {
                if (!IsMeant(part)) continue;
                var keys = QuotaKeys.Of(part.Key);
                arguments.Add(keys.Counter);
                if (part.Limit.Holds) arguments.Add(keys.Holds);
                arguments.Add(part.Limit.Holds);
                arguments.Add(part.Amount);
                arguments.Add(part.Value);
                arguments.Add(part.Limit.WindowMs);
                arguments.Add(part.Limit.SegmentMs);
            }
        }

        foreach (var settlement in _forgotten)
        {
            arguments.Add(SettledIds());
            AddHead(arguments, SettlementKind.Forget, settlement, 0);
        }
        return arguments;
    }

    private static void AddHead(ScriptArguments arguments, SettlementKind kind, Settlement settlement, int parts)
    {
        arguments.Add((long)kind);
        arguments.Add(settlement.Id);
        arguments.Add(settlement.Search);
        arguments.Add(parts);
    }

    private bool IsMeant(SettlementPart part) => scope is not { } only || part.Key.Scope == only;

    /// <summary>Where settled ids are remembered: on Redis Cluster beside the counters of the scope, on a single Redis all in one place.</summary>
    private RedisKey SettledIds() => QuotaKeys.Of(new CounterKey(scope ?? UInt128.Zero, 0)).SettledIds;

    private static bool IsFirstOfItsScope(SettlementPart[] parts, int index)
    {
        for (var i = 0; i < index; i++)
            if (parts[i].Key.Scope == parts[index].Key.Scope) return false;
        return true;
    }
}
