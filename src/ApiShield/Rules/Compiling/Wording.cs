using System.Globalization;
using System.Text;

namespace ApiShield.Rules.Compiling;

/// <summary>How messages quote what was found in a file: short, on one line, and with the nearest known word.</summary>
internal static class Wording
{
    private const int MaxQuoted = 48;
    private const int MaxLine = 300;

    /// <summary>Text in single quotes.</summary>
    public static string Quote(string text) => $"'{Cut(text)}'";

    /// <summary>Text cut to a length that a message can carry, with control characters written as escapes.</summary>
    public static string Cut(string text) => Escape(text, MaxQuoted);

    /// <summary>A longer text, such as that of an exception, on one line.</summary>
    public static string OneLine(string text) => Escape(text, MaxLine).TrimEnd('.');

    /// <summary>The end of a sentence that offers the nearest of the known words, or nothing if none is near.</summary>
    public static string DidYouMean(string found, IEnumerable<string> known) =>
        NearestWord.Find(found, known) is { } near ? $"; did you mean {Quote(near)}?" : "";

    /// <summary>The nearest of the known words, or all of them if none is near.</summary>
    public static string DidYouMeanOrAll(string found, IReadOnlyList<string> known)
    {
        var near = DidYouMean(found, known);
        return near.Length > 0 ? near : $"; known are {string.Join(", ", known)}";
    }

    private static string Escape(string text, int most)
    {
        var result = new StringBuilder(Math.Min(text.Length, most) + 1);
        foreach (var c in text)
        {
            if (result.Length >= most) return result.Append('…').ToString();
            // Formatting characters too: a message must not be reordered by what it quotes.
            if (char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                result.Append(c);
        }
        return result.ToString();
    }
}
