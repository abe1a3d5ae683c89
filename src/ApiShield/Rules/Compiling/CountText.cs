using System.Globalization;
using System.Text.RegularExpressions;

namespace ApiShield.Rules.Compiling;

/// <summary>Counts as rule files write them: a whole number, with <c>k</c> for thousands or <c>M</c> for millions.</summary>
internal static partial class CountText
{
    /// <summary>The most that can be written; what is larger is read as this and one more.</summary>
    private const long Most = 1_000_000_000_000_000_000;

    /// <summary>Reads a count, negative ones included, so that a message can say that they are too small.</summary>
    public static bool TryRead(string text, out long count)
    {
        count = 0;
        var match = Count().Match(text);
        if (!match.Success) return false;
        long factor = match.Groups["suffix"].Value switch { "k" => 1_000, "M" => 1_000_000, _ => 1 };
        var digits = match.Groups["digits"].ValueSpan;
        count = digits.Length > 18 || long.Parse(digits, CultureInfo.InvariantCulture) > Most / factor
            ? Most + 1
            : long.Parse(digits, CultureInfo.InvariantCulture) * factor;
        if (match.Groups["sign"].Success) count = -count;
        return true;
    }

    /// <summary>What was probably meant by a text that is no count, or null.</summary>
    public static string? Suggest(string text)
    {
        if (text.Length > 32) return null;
        var tidy = Grouped().IsMatch(text) ? text.Replace(",", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal) : text;
        tidy = tidy.Replace(" ", "", StringComparison.Ordinal).Replace('K', 'k').Replace('m', 'M');
        return tidy != text && TryRead(tidy, out var count) && count > 0 ? tidy : null;
    }

    /// <summary>A count as a rule file would write it.</summary>
    public static string Write(long count) => count switch
    {
        >= 1_000_000 when count % 1_000_000 == 0 => string.Create(CultureInfo.InvariantCulture, $"{count / 1_000_000}M"),
        >= 10_000 when count % 1_000 == 0 => string.Create(CultureInfo.InvariantCulture, $"{count / 1_000}k"),
        _ => count.ToString(CultureInfo.InvariantCulture),
    };

    // No leading zeros: some readers of YAML take 010 for eight.
    [GeneratedRegex(@"^(?<sign>-)?(?<digits>0|[1-9][0-9]*)(?<suffix>[kM])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Count();

    [GeneratedRegex(@"^[0-9]{1,3}([,_][0-9]{3})+\s?[kKmM]?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Grouped();
}
