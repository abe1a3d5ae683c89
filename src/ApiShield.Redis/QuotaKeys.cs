using System.Globalization;
using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Names of keys: fixed-length hex within one hash tag a scope, so that nothing a client sends can reach a key.</summary>
internal static class QuotaKeys
{
    private const int ScopeLength = 11 + 32 + 2;
    private const int CounterLength = ScopeLength + 16;

    /// <summary>The largest number that a script can count exactly and still add to.</summary>
    private const long LargestNumber = 1L << 52;

    /// <summary><c>apishield:{scope}:name</c></summary>
    public static RedisKey Counter(in CounterKey key)
    {
        var bytes = new byte[CounterLength];
        WriteCounter(key, bytes);
        return bytes;
    }

    /// <summary><c>apishield:{scope}:name:h</c></summary>
    public static RedisKey Holds(in CounterKey key)
    {
        var bytes = new byte[CounterLength + 2];
        WriteCounter(key, bytes);
        ":h"u8.CopyTo(bytes.AsSpan(CounterLength));
        return bytes;
    }

    /// <summary><c>apishield:{scope}:s</c></summary>
    public static RedisKey SettledIds(UInt128 scope)
    {
        var bytes = new byte[ScopeLength + 1];
        WriteScope(scope, bytes);
        bytes[ScopeLength] = (byte)'s';
        return bytes;
    }

    /// <summary>A reservation's id as it stands in the members of sorted sets.</summary>
    public static RedisValue Id(UInt128 id)
    {
        var bytes = new byte[32];
        id.TryFormat(bytes, out _, "x32", CultureInfo.InvariantCulture);
        return bytes;
    }

    /// <summary>A number that a script counts with.</summary>
    public static RedisValue Number(long number) => Math.Min(number, LargestNumber);

    private static void WriteScope(UInt128 scope, Span<byte> to)
    {
        "apishield:{"u8.CopyTo(to);
        scope.TryFormat(to[11..], out _, "x32", CultureInfo.InvariantCulture);
        "}:"u8.CopyTo(to[43..]);
    }

    private static void WriteCounter(in CounterKey key, Span<byte> to)
    {
        WriteScope(key.Scope, to);
        key.Name.TryFormat(to[ScopeLength..], out _, "x16", CultureInfo.InvariantCulture);
    }
}
