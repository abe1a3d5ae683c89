using System.Buffers.Binary;
using System.Globalization;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>The keys of one call of a script, and its one argument: a MessagePack array of numbers and ids.</summary>
/// <remarks>One argument, for Redis and the client library take an argument each one by one, and a call for several exchanges has dozens of them.</remarks>
internal sealed class ScriptArguments(int keys, int numbers)
{
    private const byte Array32 = 0xdd;
    private const byte String16 = 0xda;
    private const byte UInt64 = 0xcf;
    private const int HeadLength = 5;
    private const int IdLength = 32;
    private const byte LargestSmall = 0x7f;

    /// <summary>The largest number that a script can count exactly and still add to.</summary>
    private const long LargestNumber = 1L << 52;

    private readonly List<RedisKey> _keys = new(keys);
    private byte[] _packed = new byte[HeadLength + (numbers * 6) + IdLength];
    private int _length = HeadLength;
    private uint _count;

    /// <summary>The first key, which says on which server the call runs.</summary>
    public RedisKey FirstKey => _keys[0];

    /// <summary>The keys added so far.</summary>
    public RedisKey[] Keys() => [.. _keys];

    /// <summary>The argument.</summary>
    public RedisValue[] Values()
    {
        _packed[0] = Array32;
        BinaryPrimitives.WriteUInt32BigEndian(_packed.AsSpan(1), _count);
        return [_packed.AsMemory(0, _length)];
    }

    /// <summary>Adds a key.</summary>
    public void Add(RedisKey key) => _keys.Add(key);

    /// <summary>Adds a number; one too large to count with becomes the largest that is not.</summary>
    public void Add(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        var to = Room(9);
        if (number <= LargestSmall)
        {
            to[0] = (byte)number;
            _length++;
            return;
        }
        to[0] = UInt64;
        BinaryPrimitives.WriteInt64BigEndian(to[1..], Math.Min(number, LargestNumber));
        _length += 9;
    }

    /// <summary>Adds a yes or no as 1 or 0.</summary>
    public void Add(bool yes) => Add(yes ? 1L : 0L);

    /// <summary>Adds a reservation's id as it stands in the members of sorted sets.</summary>
    public void Add(UInt128 id)
    {
        var to = Room(3 + IdLength);
        to[0] = String16;
        BinaryPrimitives.WriteUInt16BigEndian(to[1..], IdLength);
        id.TryFormat(to[3..], out _, "x32", CultureInfo.InvariantCulture);
        _length += 3 + IdLength;
    }

    private Span<byte> Room(int size)
    {
        _count++;
        if (_packed.Length - _length < size) Array.Resize(ref _packed, Math.Max(_packed.Length * 2, _length + size));
        return _packed.AsSpan(_length);
    }
}
