using System.Text.RegularExpressions;
using ApiShield.Rules.Compiling;

namespace ApiShield.Rules.Parsing;

/// <summary>A YAML scalar, with its text as written.</summary>
internal sealed partial class ScalarNode(FilePosition position, string text, bool plain) : Node(position)
{
    public string Text { get; } = text;

    /// <summary>Whether it stands without quotes.</summary>
    public bool IsPlain { get; } = plain;

    public ScalarKind Kind { get; } = plain ? KindOf(text) : ScalarKind.Text;

    public override string Description => Kind switch
    {
        ScalarKind.Null => "nothing",
        ScalarKind.Boolean => $"the boolean {Text}",
        ScalarKind.Number => $"the number {Wording.Cut(Text)}",
        _ => $"the text {Wording.Quote(Text)}",
    };

    private static ScalarKind KindOf(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarKind.Boolean,
        _ => Number().IsMatch(text) ? ScalarKind.Number : ScalarKind.Text,
    };

    // YAML 1.2.2, section 10.3.2.
    [GeneratedRegex(
        @"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
