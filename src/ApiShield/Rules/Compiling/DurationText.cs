using System.Globalization;
using System.Text.RegularExpressions;

namespace ApiShield.Rules.Compiling;

/// <summary>Durations as rule files write them: a whole number and one of <c>s</c>, <c>m</c>, <c>h</c>, <c>d</c>.</summary>
internal static partial class DurationText
{
    private const long MostDigits = 9;

    /// <summary>Reads a duration in seconds, negative ones included, so that a message can say that they are too short.</summary>
    public static bool TryRead(string text, out long seconds)
    {
        seconds = 0;
        var match = Duration().Match(text);
        if (!match.Success) return false;
        long unit = match.Groups["unit"].Value switch { "s" => 1, "m" => 60, "h" => 3_600, _ => 86_400 };
        var digits = match.Groups["digits"].ValueSpan;
        seconds = digits.Length > MostDigits ? long.MaxValue : long.Parse(digits, CultureInfo.InvariantCulture) * unit;
        if (match.Groups["sign"].Success) seconds = -seconds;
        return true;
    }

    /// <summary>What was probably meant by a text that is no duration, or null.</summary>
    public static string? Suggest(string text)
    {
        var match = Spelled().Match(text);
        if (!match.Success || match.Groups["digits"].Length > MostDigits) return null;
        var number = long.Parse(match.Groups["digits"].ValueSpan, CultureInfo.InvariantCulture);
        var unit = match.Groups["unit"].Value.ToUpperInvariant();
        if (unit.StartsWith('W')) (number, unit) = (number * 7, "D");
        return number == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{number}{(unit.Length == 0 ? 's' : char.ToLowerInvariant(unit[0]))}");
    }

    /// <summary>A duration as a rule file would write it.</summary>
    public static string Write(long seconds) => seconds switch
    {
        _ when seconds % 86_400 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400}d"),
        _ when seconds % 3_600 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3_600}h"),
        _ when seconds % 60 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
    };

    [GeneratedRegex(@"^(?<sign>-)?(?<digits>0|[1-9][0-9]*)(?<unit>[smhd])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(
        @"^(?<digits>[0-9]+)\s*(?<unit>|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Spelled();
}
