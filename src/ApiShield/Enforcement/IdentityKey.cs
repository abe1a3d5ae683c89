using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace ApiShield.Enforcement;

/// <summary>The secret under which identities are hashed before they reach a store, a log or a file: nobody without it can tell whose counter is whose.</summary>
public sealed class IdentityKey
{
    /// <summary>The shortest key accepted, in bytes.</summary>
    public const int MinBytes = 16;

    private const int MaxStackBytes = 512;
    private const int MaxModelLength = 256;
    private const int UsualPrefix = 64;
    private const int Remembered = 4096;

    private readonly byte[] _key;

    // A keyed hash costs more than the whole decision on a quota, and the same addresses, models and routes come again and again.
    private readonly RecentValues<IPAddress, UInt128> _addresses = new(Remembered);
    private readonly RecentValues<string, UInt128> _models = new(Remembered);
    private readonly RecentValues<string, UInt128> _routes = new(Remembered);

    /// <param name="key">At least <see cref="MinBytes"/> bytes.</param>
    /// <exception cref="ArgumentException">The key is too short.</exception>
    public IdentityKey(ReadOnlySpan<byte> key)
    {
        if (key.Length < MinBytes) throw new ArgumentException($"An identity key has at least {MinBytes} bytes; this one has {key.Length}.", nameof(key));
        _key = key.ToArray();
        Everyone = Scope("everyone"u8, "");
    }

    /// <summary>The scope that all share.</summary>
    internal UInt128 Everyone { get; }

    /// <summary>A key for this run only.</summary>
    public static IdentityKey Random() => new(RandomNumberGenerator.GetBytes(32));

    /// <summary>The hash under which an API key is looked up: HMAC-SHA256, lower-case hex.</summary>
    public string HashApiKey(string apiKey) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(apiKey)));

    /// <summary>The first half of <see cref="HashApiKey"/> as a number.</summary>
    internal UInt128 Digest(ReadOnlySpan<char> apiKey) => Hash(default, apiKey);

    /// <summary>The first half of a hash of <see cref="HashApiKey"/>'s form as a number.</summary>
    internal static UInt128 Digest(string keyHash) => BinaryPrimitives.ReadUInt128BigEndian(Convert.FromHexString(keyHash));

    /// <summary>The scope of an identity of some kind.</summary>
    /// <param name="kind">What it is, such as <c>account</c>; keeps kinds apart, since no name can hold the zero byte that follows it.</param>
    /// <param name="name">Which one.</param>
    public UInt128 Scope(ReadOnlySpan<byte> kind, ReadOnlySpan<char> name) => Hash(kind, name);

    /// <summary>The scope of a route.</summary>
    /// <param name="route">In lower case.</param>
    internal UInt128 RouteScope(string route)
    {
        if (_routes.TryGet(route, out var scope)) return scope;
        _routes.Add(route, scope = Scope("route"u8, route));
        return scope;
    }

    /// <summary>The scope of a model. Rules match models without case, so spelling one in another case must not open a fresh counter.</summary>
    internal UInt128 ModelScope(string? model)
    {
        if (model is null || model.Length > MaxModelLength) model = "";
        if (_models.TryGet(model, out var scope)) return scope;
        Span<char> lower = stackalloc char[MaxModelLength];
        _models.Add(model, scope = Scope("model"u8, lower[..((ReadOnlySpan<char>)model).ToLowerInvariant(lower)]));
        return scope;
    }

    /// <summary>The scope of an address: IPv4 whole, IPv6 by its leading bits, IPv4 within IPv6 as IPv4.</summary>
    public UInt128 AddressScope(IPAddress address, int ipv6Prefix = UsualPrefix)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (ipv6Prefix != UsualPrefix) return HashAddress(address, ipv6Prefix);
        if (_addresses.TryGet(address, out var scope)) return scope;
        _addresses.Add(address, scope = HashAddress(address, ipv6Prefix));
        return scope;
    }

    private UInt128 HashAddress(IPAddress address, int ipv6Prefix)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[17];
        address.TryWriteBytes(bytes[1..], out var length);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            bytes[0] = (byte)ipv6Prefix;
            var whole = BinaryPrimitives.ReadUInt128BigEndian(bytes[1..]);
            BinaryPrimitives.WriteUInt128BigEndian(bytes[1..], ipv6Prefix == 0 ? 0 : whole >> (128 - ipv6Prefix) << (128 - ipv6Prefix));
        }
        return HashBytes("address"u8, bytes[..(length + 1)]);
    }

    private UInt128 Hash(ReadOnlySpan<byte> kind, ReadOnlySpan<char> name)
    {
        var most = Encoding.UTF8.GetMaxByteCount(name.Length);
        var bytes = most <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : new byte[most];
        return HashBytes(kind, bytes[..Encoding.UTF8.GetBytes(name, bytes)]);
    }

    private UInt128 HashBytes(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (kind.IsEmpty)
        {
            HMACSHA256.HashData(_key, value, hash);
        }
        else
        {
            var length = kind.Length + 1 + value.Length;
            var source = length <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : new byte[length];
            kind.CopyTo(source);
            source[kind.Length] = 0;
            value.CopyTo(source[(kind.Length + 1)..]);
            HMACSHA256.HashData(_key, source[..length], hash);
        }
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
