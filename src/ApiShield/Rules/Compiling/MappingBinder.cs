using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>Reads the members of one mapping into values, reporting all that is wrong under the label of the rule or section.</summary>
/// <remarks>
/// A member that is absent gives null. One that is wrong is reported and gives null as well: compilation goes on to find the next error, and nothing
/// compiled is used once there is one.
/// </remarks>
internal sealed class MappingBinder
{
    private const int MaxName = 128;

    private readonly MappingNode _node;
    private readonly DiagnosticSink _diagnostics;
    private readonly HashSet<string> _misspelled = new(StringComparer.Ordinal);

    /// <param name="node">The mapping.</param>
    /// <param name="label">What messages call it, such as <c>quota 'free-daily'</c>.</param>
    /// <param name="known">The members that it may have; others are reported before anything else.</param>
    /// <param name="diagnostics">Where errors go.</param>
    public MappingBinder(MappingNode node, string label, IReadOnlyList<string> known, DiagnosticSink diagnostics)
    {
        _node = node;
        Label = label;
        _diagnostics = diagnostics;
        foreach (var member in node.Members)
        {
            if (known.Contains(member.Name)) continue;
            if (NearestWord.Find(member.Name, known) is { } near) _misspelled.Add(near);
            Report(RuleCodes.UnknownMember, member.Position, $"unknown member {Wording.Quote(member.Name)}{Wording.DidYouMeanOrAll(member.Name, known)}");
        }
    }

    public string Label { get; }

    /// <summary>Reports members that are missing, except where a misspelled one is probably meant to be it.</summary>
    public void Require(params ReadOnlySpan<string> names)
    {
        if (_node.IsIncomplete) return;
        foreach (var name in names)
            if (_node.Find(name) is null && !_misspelled.Contains(name))
                Report(RuleCodes.MissingMember, _node.Position, $"member '{name}' is missing");
    }

    /// <summary>Whether the member is given, rightly or wrongly.</summary>
    public bool Has(string name) => _node.Find(name) is not null;

    /// <summary>Where the member's value stands; the mapping itself if it is absent.</summary>
    public FilePosition PositionOf(string name) => _node.Find(name)?.Value.Position ?? _node.Position;

    /// <summary>Where the member's name stands; the mapping itself if it is absent.</summary>
    public FilePosition NameOf(string name) => _node.Find(name)?.Position ?? _node.Position;

    /// <summary>The member's value; null if absent, or reported.</summary>
    public Node? Value(string name)
    {
        if (_node.Find(name) is not { } member) return null;
        switch (member.Value)
        {
            case BrokenNode:
                return null;
            case ScalarNode { Kind: ScalarKind.Null }:
                // At the name: that is where something has to be written or taken away.
                Report(RuleCodes.NoValue, member.Position, $"member '{name}' has no value; give it one or leave it out");
                return null;
            default:
                return member.Value;
        }
    }

    public MappingNode? Mapping(string name) => Value(name) is { } value ? Expect<MappingNode>(value, $"'{name}'", "a mapping") : null;

    /// <summary>A list of at most this many entries.</summary>
    /// <param name="name">The member.</param>
    /// <param name="most">The most entries.</param>
    /// <param name="secret">Whether what stands here may be a secret, which no message repeats.</param>
    public IReadOnlyList<Node>? List(string name, int most, bool secret = false)
    {
        if (Value(name) is not { } value) return null;
        if (secret && value is ScalarNode)
        {
            Report(RuleCodes.WrongKind, value.Position, $"'{name}' must be a list, found text");
            return null;
        }
        var wanted = value is ScalarNode scalar ? $"a list, such as [{Wording.Cut(scalar.Text)}]" : "a list";
        if (Expect<ListNode>(value, $"'{name}'", wanted) is not { } list) return null;
        if (list.Items.Count > most)
            Report(RuleCodes.LongList, list.Items[most].Position, $"'{name}' has {list.Items.Count} entries; at most {most} are allowed");
        return [.. list.Items.Take(most)];
    }

    /// <summary>A list of mappings; entries that are something else are reported and left out.</summary>
    public IReadOnlyList<MappingNode>? Mappings(string name, int most) =>
        List(name, most)?.Select(item => Entry<MappingNode>(item, name, "a mapping")).OfType<MappingNode>().ToList();

    /// <summary>A list of texts; entries that are something else are reported and left out, as are those that are given twice.</summary>
    public IReadOnlyList<ScalarNode>? Texts(string name, int most, StringComparer comparer, int maxLength = MaxName)
    {
        if (List(name, most) is not { } items) return null;
        var result = new List<ScalarNode>();
        var seen = new HashSet<string>(comparer);
        foreach (var item in items)
        {
            if (Entry<ScalarNode>(item, name, "text") is not { } scalar || CheckText(scalar, $"an entry of '{name}'", maxLength) is not { } text) continue;
            if (seen.Add(text)) result.Add(scalar);
            else Report(RuleCodes.EntryTwice, scalar.Position, $"'{name}' names {Wording.Quote(text)} twice");
        }
        return result;
    }

    /// <summary>A text without white space at its ends, on one line unless told otherwise.</summary>
    public string? Text(string name, int maxLength = MaxName, bool manyLines = false)
    {
        if (Value(name) is not { } value) return null;
        return Expect<ScalarNode>(value, $"'{name}'", "text") is { } scalar ? CheckText(scalar, $"'{name}'", maxLength, manyLines) : null;
    }

    /// <summary>One of the words of an enumeration.</summary>
    public T? Word<T>(string name)
        where T : struct, Enum
    {
        if (Value(name) is not { } value || Expect<ScalarNode>(value, $"'{name}'", $"one of {string.Join(", ", Words<T>.All)}") is not { } scalar) return null;
        if (Words<T>.TryGet(scalar.Text, out var word)) return word;
        // Templates that leave out the quotes turn off into false.
        var found = scalar is { Kind: ScalarKind.Boolean, Text: ['f' or 'F', ..] } && Words<T>.All.Contains("off") ? "off" : scalar.Text;
        var meant = Wording.DidYouMean(found, Words<T>.All);
        Report(RuleCodes.UnknownWord, scalar.Position, $"{name} {Wording.Quote(scalar.Text)} is not one of {string.Join(", ", Words<T>.All)}{meant}");
        return null;
    }

    /// <summary>A count within bounds.</summary>
    public long? Count(string name, long least, long most)
    {
        if (Value(name) is not { } value || Expect<ScalarNode>(value, $"'{name}'", "a count") is not { } scalar) return null;
        if (!CountText.TryRead(scalar.Text, out var count))
        {
            var meant = CountText.Suggest(scalar.Text) is { } near ? $"; did you mean '{near}'?" : "";
            Report(RuleCodes.NotACount, scalar.Position,
                $"{name} {Wording.Quote(scalar.Text)} is not a count: a whole number, with k for thousands or M for millions{meant}");
            return null;
        }
        if (count >= least && count <= most) return count;
        var bound = count < least ? $"below {CountText.Write(least)}" : $"above {CountText.Write(most)}";
        Report(RuleCodes.CountOutOfRange, scalar.Position, $"{name} {Wording.Quote(scalar.Text)} is {bound}");
        return null;
    }

    /// <summary>A duration within bounds.</summary>
    public TimeSpan? Duration(string name, long leastSeconds, long mostSeconds, RuleCode outOfRange)
    {
        if (Value(name) is not { } value || Expect<ScalarNode>(value, $"'{name}'", "a duration") is not { } scalar) return null;
        if (!DurationText.TryRead(scalar.Text, out var seconds))
        {
            var meant = DurationText.Suggest(scalar.Text) is { } near ? $"; did you mean '{near}'?" : "";
            Report(RuleCodes.NotADuration, scalar.Position,
                $"{name} {Wording.Quote(scalar.Text)} is not a duration: a whole number and one of s, m, h, d{meant}");
            return null;
        }
        if (seconds >= leastSeconds && seconds <= mostSeconds) return TimeSpan.FromSeconds(seconds);
        var bound = seconds < leastSeconds ? $"below {DurationText.Write(leastSeconds)}" : $"above {DurationText.Write(mostSeconds)}";
        Report(outOfRange, scalar.Position, $"{name} {Wording.Quote(scalar.Text)} is {bound}");
        return null;
    }

    public void Report(RuleCode code, FilePosition at, string message) =>
        _diagnostics.Report(code, at, Label.Length == 0 ? message : $"{Label}: {message}");

    /// <summary>An entry of a list if it is of the kind; else it is reported.</summary>
    public T? Entry<T>(Node item, string list, string wanted)
        where T : Node
    {
        if (item is BrokenNode) return null;
        if (item is not ScalarNode { Kind: ScalarKind.Null })
            return Expect<T>(item, $"an entry of '{list}'", wanted);
        Report(RuleCodes.NoValue, item.Position, $"an entry of '{list}' has no value; give it one or leave it out");
        return null;
    }

    /// <summary>The node if it is of the kind; else it is reported.</summary>
    public T? Expect<T>(Node node, string what, string wanted)
        where T : Node
    {
        if (node is T fitting) return fitting;
        Report(RuleCodes.WrongKind, node.Position, $"{what} must be {wanted}, found {node.Description}");
        return null;
    }

    private string? CheckText(ScalarNode scalar, string what, int maxLength, bool manyLines = false)
    {
        var text = scalar.Text;
        if (scalar.Kind != ScalarKind.Text)
        {
            Report(RuleCodes.WrongKind, scalar.Position, $"{what} must be text, found {scalar.Description}; put it in quotes: '{Wording.Cut(text)}'");
            return null;
        }
        var problem = text.Length == 0 ? "is empty"
            : text.Length > maxLength ? $"is {text.Length} characters long; at most {maxLength} are allowed"
            : text.Any(c => char.IsControl(c) && !(manyLines && c is '\n' or '\t')) ? "holds a control character"
            : !manyLines && (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1])) ? "begins or ends with white space"
            : null;
        if (problem is null) return text;
        Report(RuleCodes.BadText, scalar.Position, $"{what} {problem}");
        return null;
    }
}
