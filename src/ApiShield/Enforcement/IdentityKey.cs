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

    private readonly byte[] _key;

    /// <param name="key">At least <see cref="MinBytes"/> bytes.</param>
    /// <exception cref="ArgumentException">The key is too short.</exception>
    public IdentityKey(ReadOnlySpan<byte> key)
    {
        if (key.Length < MinBytes) throw new ArgumentException($"An identity key has at least {MinBytes} bytes; this one has {key.Length}.", nameof(key));
        _key = key.ToArray();
    }

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

    /// <summary>The scope of an address: IPv4 whole, IPv6 by its leading bits, IPv4 within IPv6 as IPv4.</summary>
    public UInt128 AddressScope(IPAddress address, int ipv6Prefix = 64)
    {
        ArgumentNullException.ThrowIfNull(address);
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
