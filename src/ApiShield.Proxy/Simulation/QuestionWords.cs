using System.Collections.Frozen;
using System.Text;

namespace ApiShield.Proxy.Simulation;

/// <summary>The words of the last user message that an answer picks up: lower case, ASCII, the first few that carry meaning.</summary>
internal sealed class QuestionWords
{
    private const int MostWords = 12;
    private const int LongestWord = 24;

    /// <summary>Bytes of a message that are looked at: enough for a question, and no work for a message of megabytes.</summary>
    private const int Looked = 4096;

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Empty = new[]
    {
        "about", "after", "again", "also", "because", "been", "before", "being", "between", "both", "could", "does", "doing", "down", "each", "explain",
        "following", "from", "give", "have", "having", "here", "into", "just", "know", "like", "list", "make", "many", "mind", "more", "most", "much",
        "need", "only", "other", "over", "please", "same", "short", "should", "some", "such", "tell", "than", "that", "their", "them", "then", "there",
        "these", "they", "this", "those", "through", "very", "want", "were", "what", "when", "where", "which", "while", "with", "word", "words", "would",
        "write", "your", "yours",
    }.ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly byte[] _bytes = new byte[MostWords * LongestWord];
    private readonly int[] _lengths = new int[MostWords];

    public int Count { get; private set; }

    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(index * LongestWord, _lengths[index]);

    public void Clear() => Count = 0;

    /// <summary>Takes the words of a message as it stands in the body, JSON escapes included.</summary>
    public void Read(ReadOnlySpan<byte> escaped)
    {
        Clear();
        if (escaped.Length > Looked) escaped = escaped[..Looked];
        for (var i = 0; i < escaped.Length && Count < MostWords;)
        {
            if (escaped[i] == (byte)'\\')
            {
                // An escape separates words; a \u takes its four digits along.
                i += i + 1 < escaped.Length && escaped[i + 1] == (byte)'u' ? 6 : 2;
                continue;
            }

            var end = i;
            while (end < escaped.Length && Ascii.IsValid(escaped[end]) && char.IsAsciiLetter((char)escaped[end])) end++;
            if (end - i is >= 4 and <= LongestWord) Keep(escaped[i..end]);
            i = end + 1;
        }
    }

    private void Keep(ReadOnlySpan<byte> word)
    {
        Span<char> lower = stackalloc char[LongestWord];
        for (var i = 0; i < word.Length; i++) lower[i] = char.ToLowerInvariant((char)word[i]);
        lower = lower[..word.Length];
        if (Empty.Contains(lower)) return;

        var kept = _bytes.AsSpan(Count * LongestWord, word.Length);
        for (var i = 0; i < lower.Length; i++) kept[i] = (byte)lower[i];
        for (var i = 0; i < Count; i++)
            if (this[i].SequenceEqual(kept)) return;
        _lengths[Count++] = word.Length;
    }
}
