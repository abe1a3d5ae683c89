using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Reads a script's answer: a MessagePack array of integers, in whichever of the format's lengths Redis has written each.</summary>
internal ref struct NumberReader
{
    private ReadOnlySpan<byte> _left;
    private long _count;

    /// <summary>Begins to read; without an answer every number fails.</summary>
    public NumberReader(RedisResult? answer)
    {
        _left = answer is null ? default : ((ReadOnlyMemory<byte>)(RedisValue)answer).Span;
        _count = Take(1) is [var head]
            ? head switch
            {
                >= 0x90 and <= 0x9f => head & 0x0f,
                0xdc => (long)Unsigned(2),
                0xdd => (long)Unsigned(4),
                _ => 0,
            }
            : 0;
    }

    /// <summary>Whether fewer numbers were there than were asked for, or something else.</summary>
    public bool Failed { get; private set; }

    /// <summary>The next number; 0 once reading has failed.</summary>
    public long Next()
    {
        if (_count-- <= 0 || Take(1) is not [var head]) return Fail();
        return head switch
        {
            <= 0x7f => head,
            >= 0xe0 => (sbyte)head,
            0xcc => (long)Unsigned(1),
            0xcd => (long)Unsigned(2),
            0xce => (long)Unsigned(4),
            0xcf or 0xd3 => (long)Unsigned(8),
            0xd0 => (sbyte)Unsigned(1),
            0xd1 => (short)Unsigned(2),
            0xd2 => (int)Unsigned(4),
            0xca => (long)BitConverter.UInt32BitsToSingle((uint)Unsigned(4)),
            0xcb => (long)BitConverter.UInt64BitsToDouble(Unsigned(8)),
            _ => Fail(),
        };
    }

    private long Fail()
    {
        Failed = true;
        return 0;
    }

    private ulong Unsigned(int length)
    {
        ulong number = 0;
        foreach (var one in Take(length)) number = (number << 8) | one;
        return number;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_left.Length < length)
        {
            Failed = true;
            return default;
        }
        var taken = _left[..length];
        _left = _left[length..];
        return taken;
    }
}
