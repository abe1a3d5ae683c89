namespace ApiShield.Proxy.Simulation;

/// <summary>Cuts UTF-8 text into the simulator's tokens: the one definition behind its usage numbers, its stream pieces and its limits.</summary>
/// <remarks>
/// A token is, with one leading space if that stands alone before it: up to 6 ASCII letters, up to 3 digits, up to 4 equal punctuation marks, or
/// whole non-ASCII characters of up to 4 bytes. Line ends make tokens of up to 4, other white space of up to 8. One pass, no look-up, no back-tracking,
/// so the time is linear in the text whatever the text is; and a token on its own is again exactly one token, so pieces can be counted one by one.
/// </remarks>
internal static class SimulatorTokenizer
{
    private const int Letters = 6;
    private const int Digits = 3;
    private const int Marks = 4;
    private const int Spaces = 8;
    private const int OtherBytes = 4;

    /// <summary>Number of tokens of a text; 0 for none.</summary>
    public static int Count(ReadOnlySpan<byte> text)
    {
        var count = 0;
        for (var start = 0; start < text.Length; start = End(text, start)) count++;
        return count;
    }

    /// <summary>Where the token that begins at <paramref name="start"/> ends; always beyond <paramref name="start"/>.</summary>
    public static int End(ReadOnlySpan<byte> text, int start)
    {
        var first = text[start];
        if (IsLineEnd(first)) return RunEnd(text, start, Marks, IsLineEnd);
        if (!IsBlank(first)) return WordEnd(text, start);

        // The last space of a run belongs to the word behind it.
        var end = RunEnd(text, start, Spaces, IsBlank);
        var wordFollows = end < text.Length && !IsLineEnd(text[end]) && !IsBlank(text[end]) && text[end - 1] == (byte)' ';
        if (!wordFollows) return end;
        return end - start == 1 ? WordEnd(text, end) : end - 1;
    }

    private static int WordEnd(ReadOnlySpan<byte> text, int start)
    {
        var first = text[start];
        if (char.IsAsciiLetter((char)first)) return RunEnd(text, start, Letters, static value => char.IsAsciiLetter((char)value));
        if (char.IsAsciiDigit((char)first)) return RunEnd(text, start, Digits, static value => char.IsAsciiDigit((char)value));
        if (first >= 0x80) return OtherEnd(text, start);

        var end = start + 1;
        while (end < text.Length && end - start < Marks && text[end] == first) end++;
        return end;
    }

    private static int OtherEnd(ReadOnlySpan<byte> text, int start)
    {
        var end = start;
        while (end < text.Length && text[end] >= 0x80)
        {
            var next = end + 1;
            while (next < text.Length && next - end < OtherBytes && (text[next] & 0xC0) == 0x80) next++;
            if (end > start && next - start > OtherBytes) break;
            end = next;
        }

        return end;
    }

    private static int RunEnd(ReadOnlySpan<byte> text, int start, int most, Func<byte, bool> belongs)
    {
        var end = start + 1;
        while (end < text.Length && end - start < most && belongs(text[end])) end++;
        return end;
    }

    private static bool IsLineEnd(byte value) => value is (byte)'\n' or (byte)'\r';

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t';
}
