using System.Buffers.Text;

namespace ApiShield.Benchmarks.Load;

/// <summary>
/// Finds the end of one HTTP/1.1 message in bytes that arrive in pieces, and no more than that: framing by Content-Length or by chunks whose last one
/// is empty. The bytes from the head on stay in one buffer until the head is whole.
/// </summary>
internal struct HttpMessage
{
    private long _rest;
    private uint _tail;
    private bool _isChunked;

    /// <summary>Length of the head with its blank line; 0 until it is whole.</summary>
    public int HeadLength { get; private set; }

    /// <summary>Whether bytes of the body have been seen.</summary>
    public bool HasBody { get; private set; }

    /// <summary>Reads the head.</summary>
    /// <param name="bytes">Everything so far.</param>
    /// <returns>False if it is not whole yet.</returns>
    public bool TryReadHead(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        HeadLength = end + 4;
        HasBody = false;
        _tail = 0;
        var head = bytes[..end];
        var at = head.IndexOf("\r\nContent-Length: "u8);
        _isChunked = at < 0;
        if (!_isChunked && !Utf8Parser.TryParse(head[(at + 18)..], out _rest, out _)) throw new InvalidDataException("No length.");
        if (_isChunked && head.IndexOf("\r\nTransfer-Encoding: chunked"u8) < 0) throw new InvalidDataException("No framing.");
        return true;
    }

    /// <summary>Takes bytes after the head.</summary>
    /// <returns>Whether the message is whole.</returns>
    public bool Take(ReadOnlySpan<byte> body)
    {
        HasBody |= body.Length > 0;
        if (!_isChunked)
        {
            _rest -= body.Length;
            if (_rest < 0) throw new InvalidDataException("More bytes than announced: messages are never pipelined here.");
            return _rest == 0;
        }

        // Events and chunks of the run hold no blank line ended by CR LF but the last.
        foreach (var one in body.Length > 4 ? body[^4..] : body) _tail = (_tail << 8) | one;
        return _tail == 0x0d0a0d0a;
    }
}
