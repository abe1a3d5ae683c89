using System.Buffers.Text;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Reads a script's answer: integers in decimal, separated by spaces.</summary>
internal struct NumberReader
{
    private readonly ReadOnlyMemory<byte> _text;
    private int _at;

    /// <summary>Begins to read; without an answer every number fails.</summary>
    public NumberReader(RedisResult? answer) => _text = answer is null ? default(ReadOnlyMemory<byte>) : (RedisValue)answer;

    /// <summary>Whether fewer numbers were there than were asked for, or something else.</summary>
    public bool Failed { get; private set; }

    /// <summary>The next number; 0 once reading has failed.</summary>
    public long Next()
    {
        if (Failed || _at > _text.Length || !Utf8Parser.TryParse(_text.Span[_at..], out long number, out var length))
        {
            Failed = true;
            return 0;
        }
        _at += length + 1;
        return number;
    }
}
