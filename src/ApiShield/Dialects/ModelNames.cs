using System.Collections.Concurrent;
using System.Text;

namespace ApiShield.Dialects;

/// <summary>Turns the bytes of a model name into a string, the same one for the same name, for as many names as honest traffic has.</summary>
internal static class ModelNames
{
    private const int Remembered = 1024;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> ByChars =
        Known.GetAlternateLookup<ReadOnlySpan<char>>();

    private static int _count;

    /// <param name="name">UTF-8, bounded by the caller.</param>
    public static string Intern(ReadOnlySpan<byte> name)
    {
        Span<char> chars = stackalloc char[name.Length];
        chars = chars[..Encoding.UTF8.GetChars(name, chars)];
        if (ByChars.TryGetValue(chars, out var known)) return known;

        var text = chars.ToString();
        if (Volatile.Read(ref _count) < Remembered && Known.TryAdd(text, text)) Interlocked.Increment(ref _count);
        return text;
    }
}
