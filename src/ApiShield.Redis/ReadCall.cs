using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Counters to read as the arguments of read.lua, and that script's answer.</summary>
internal static class ReadCall
{
    /// <summary>The calls to make: one for all (null), or one a scope; none if there is nothing to read.</summary>
    public static List<UInt128?> Scopes(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters, bool byScope)
    {
        var scopes = new List<UInt128?>(1);
        foreach (var (key, _) in counters)
        {
            UInt128? scope = byScope ? key.Scope : null;
            if (!scopes.Contains(scope)) scopes.Add(scope);
        }
        return scopes;
    }

    public static ScriptArguments Build(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters, UInt128? scope, long givenMs)
    {
        var arguments = new ScriptArguments(counters.Count * 2, 1 + (counters.Count * 2));
        arguments.Add(givenMs);
        foreach (var (key, limit) in counters)
        {
            if (scope is { } only && key.Scope != only) continue;
            var keys = QuotaKeys.Of(key);
            arguments.Add(keys.Counter);
            arguments.Add(keys.Holds);
            arguments.Add(limit.WindowMs);
            arguments.Add(limit.SegmentMs);
        }
        return arguments;
    }

    /// <returns>False if the answer cannot be read.</returns>
    public static bool TryApply(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters, UInt128? scope, RedisResult answer, QuotaUse[] uses)
    {
        var numbers = new NumberReader(answer);
        for (var i = 0; i < uses.Length; i++)
            if (scope is not { } only || counters[i].Key.Scope == only)
                uses[i] = new QuotaUse(numbers.Next(), numbers.Next(), numbers.Next());
        return !numbers.Failed;
    }
}
