using System.Buffers;

namespace ApiShield.Proxy.Simulation;

/// <summary>A growing piece of an answer as UTF-8 with the ends of its tokens; used again for the next answer.</summary>
internal sealed class TokenText : IBufferWriter<byte>
{
    private const int KeptBytes = 1 << 20;

    private byte[] _bytes = new byte[1024];
    private int[] _ends = new int[256];
    private int _length;

    /// <summary>Number of tokens up to the last <see cref="Tokenize"/> or cut.</summary>
    public int Count { get; private set; }

    /// <summary>The whole text.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>The bytes of one token.</summary>
    public ReadOnlySpan<byte> this[int token]
    {
        get
        {
            var start = token == 0 ? 0 : _ends[token - 1];
            return _bytes.AsSpan(start, _ends[token] - start);
        }
    }

    /// <summary>Empties the text, and lets go of buffers that one huge answer has left behind.</summary>
    public void Clear()
    {
        if (_bytes.Length > KeptBytes)
        {
            _bytes = new byte[1024];
            _ends = new int[256];
        }

        _length = 0;
        Count = 0;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(GetSpan(text.Length));
        _length += text.Length;
    }

    /// <summary>Puts the letter at a position into upper case.</summary>
    public void Capitalize(int position)
    {
        if (position < _length && char.IsAsciiLetterLower((char)_bytes[position])) _bytes[position] -= 32;
    }

    /// <summary>Finds the tokens of what was appended since the last call; the last token known so far may still grow.</summary>
    public void Tokenize()
    {
        if (Count > 0) Count--;
        for (var start = Count == 0 ? 0 : _ends[Count - 1]; start < _length;)
        {
            start = SimulatorTokenizer.End(Bytes, start);
            if (Count == _ends.Length) Array.Resize(ref _ends, Count * 2);
            _ends[Count++] = start;
        }
    }

    /// <summary>Keeps the first tokens only.</summary>
    public void CutTokens(int count)
    {
        if (count >= Count) return;
        Count = count;
        _length = count == 0 ? 0 : _ends[count - 1];
    }

    /// <summary>Keeps the first bytes only and finds their tokens again.</summary>
    public void CutBytes(int length)
    {
        _length = Math.Min(length, _length);
        Count = 0;
        Tokenize();
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_length);
    }

    private void Reserve(int size)
    {
        var needed = _length + Math.Max(size, 1);
        if (needed > _bytes.Length) Array.Resize(ref _bytes, Math.Max(needed, _bytes.Length * 2));
    }
}
