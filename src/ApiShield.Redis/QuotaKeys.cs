using System.Globalization;
using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>The names of a counter's keys: fixed-length hex within one hash tag a scope, so that nothing a client sends can reach a key.</summary>
/// <remarks>Those of busy counters are kept, in a table of fixed size in which a newer counter displaces an older one of the same place.</remarks>
internal sealed class QuotaKeys
{
    private const int ScopeLength = 11 + 32 + 2;
    private const int CounterLength = ScopeLength + 16;
    private const int Places = 8192;
    private static readonly QuotaKeys?[] Kept = new QuotaKeys?[Places];

    private readonly CounterKey _of;

    private QuotaKeys(in CounterKey of)
    {
        _of = of;
        var name = new byte[CounterLength + 2];
        "apishield:{"u8.CopyTo(name);
        of.Scope.TryFormat(name.AsSpan(11), out _, "x32", CultureInfo.InvariantCulture);
        "}:"u8.CopyTo(name.AsSpan(43));
        name[ScopeLength] = (byte)'s';
        SettledIds = name[..(ScopeLength + 1)];
        of.Name.TryFormat(name.AsSpan(ScopeLength), out _, "x16", CultureInfo.InvariantCulture);
        Counter = name[..CounterLength];
        ":h"u8.CopyTo(name.AsSpan(CounterLength));
        Holds = name;
    }

    /// <summary><c>apishield:{scope}:name</c></summary>
    public RedisKey Counter { get; }

    /// <summary><c>apishield:{scope}:name:h</c></summary>
    public RedisKey Holds { get; }

    /// <summary><c>apishield:{scope}:s</c></summary>
    public RedisKey SettledIds { get; }

    /// <summary>The names of one counter.</summary>
    public static QuotaKeys Of(in CounterKey key)
    {
        ref var kept = ref Kept[(int)(((ulong)key.Scope ^ key.Name) % Places)];
        var keys = Volatile.Read(ref kept);
        if (keys is null || keys._of != key) Volatile.Write(ref kept, keys = new QuotaKeys(key));
        return keys;
    }
}
