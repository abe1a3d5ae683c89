namespace ApiShield.Dialects;

/// <summary>Finds the ends of server-sent events in bytes that arrive in any pieces.</summary>
/// <remarks>
/// An event ends with a blank line (WHATWG HTML, section 9.2.6). Lines end in LF or CR LF, as every model API sends them; the lone CR that the
/// standard also allows is taken as text.
/// </remarks>
public struct SseScanner
{
    private bool _lineHasText;

    /// <summary>Looks for the end of the current event.</summary>
    /// <param name="bytes">The bytes after those of the last call.</param>
    /// <returns>Bytes up to and including the end of the event, or -1 if it has not ended yet.</returns>
    public int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (true)
        {
            var length = bytes[at..].IndexOf((byte)'\n');
            var line = length < 0 ? bytes[at..] : bytes.Slice(at, length);
            _lineHasText |= line.Length > 1 || (line.Length == 1 && line[0] != (byte)'\r');
            if (length < 0) return -1;

            at += length + 1;
            if (!_lineHasText) return at;
            _lineHasText = false;
        }
    }
}
