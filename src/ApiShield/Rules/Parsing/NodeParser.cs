using ApiShield.Rules.Compiling;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ApiShield.Rules.Parsing;

/// <summary>YAML text to nodes that keep their places, with aliases and merge keys resolved and everything bounded.</summary>
/// <remarks>Works on the events of the YAML parser without recursion, and stops reading at the first bound that is passed.</remarks>
internal sealed class NodeParser(string file, DiagnosticSink diagnostics)
{
    /// <summary>The deepest nesting of lists and mappings.</summary>
    public const int MaxDepth = 32;

    /// <summary>The most nodes, an alias counted as all it stands for.</summary>
    public const long MaxNodes = 200_000;

    private const string MergeKey = "<<";

    private readonly Stack<OpenCollection> _open = new();
    private readonly Dictionary<string, Node?> _anchors = new(StringComparer.Ordinal); // null: not closed yet
    private long _nodes;
    private Node? _root;
    private bool _failed;
    private FilePosition _end;

    /// <summary>The root of the only document; null if the file cannot be parsed. Errors that leave a tree are reported beside it.</summary>
    public Node? Parse(string text)
    {
        _end = FileText.PositionAfter(file, text);

        // The comments have to be skipped here: the parser skips them itself only where it makes its own scanner.
        var scanner = new Scanner(new StringReader(text), skipComments: true);
        var parser = new Parser(scanner);
        var documents = 0;
        while (Next(parser, scanner) is { } current)
        {
            if (current is DocumentStart start && ++documents > 1)
            {
                diagnostics.Report(RuleCodes.SecondDocument, At(start.Start), "a second document begins here; a rule file holds one");
                return null;
            }
            if (!Accept(current)) return null;
        }
        if (_failed) return null;
        if (_root is null) diagnostics.Report(RuleCodes.NoDocument, new(file, 1, 1), "the file is empty; the least is 'version: 1'");
        return _root;
    }

    /// <summary>The next event; null at the end and at the first error.</summary>
    private ParsingEvent? Next(Parser parser, Scanner scanner)
    {
        try
        {
            return parser.MoveNext() ? parser.Current : null;
        }
        catch (YamlException e)
        {
            // Some errors come without a place.
            Fail(e.Start.Index > 0 ? e.Start : scanner.CurrentPosition, Wording.OneLine(e.Message));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The scanner trips over some broken files by exceptions of other kinds, such as an InvalidOperationException in a list that is not closed.
            Fail(scanner.CurrentPosition, "the text cannot go on like this");
        }
        return null;
    }

    private void Fail(Mark mark, string problem)
    {
        _failed = true;
        var within = _open.TryPeek(out var open) && open.IsFlow ? $"; within the {(open.IsMapping ? "mapping" : "list")} that begins at {open.Position}" : "";
        diagnostics.Report(RuleCodes.NotYaml, At(mark), $"not YAML: {problem}{within}");
    }

    /// <summary>Takes one event; false if reading must stop.</summary>
    private bool Accept(ParsingEvent current)
    {
        switch (current)
        {
            case AnchorAlias alias:
                return Add(Resolve(alias), alias: true);
            case Scalar scalar:
                CheckTag(scalar);
                var node = new ScalarNode(At(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain);
                if (AnchorOf(scalar) is { } anchor) _anchors[anchor] = node;
                return Add(node, alias: false);
            case SequenceStart or MappingStart:
                return Open((NodeEvent)current);
            case SequenceEnd or MappingEnd:
                var closed = _open.Pop();
                Node collection = closed.IsMapping ? Close(closed) : new ListNode(closed.Position, closed.Items);
                if (closed.Anchor is { } name) _anchors[name] = collection;
                return Attach(collection);
            default:
                return true;
        }
    }

    private bool Open(NodeEvent start)
    {
        CheckTag(start);
        var at = At(start.Start);
        if (_open.Count == MaxDepth)
        {
            diagnostics.Report(RuleCodes.TooDeep, at, $"nested more than {MaxDepth} deep");
            return false;
        }
        var anchor = AnchorOf(start);
        if (anchor is not null) _anchors[anchor] = null;
        _open.Push(new(at, start is MappingStart, IsFlow(start), anchor));
        return Count(1, at);
    }

    private bool Add(Node node, bool alias) => Count(alias ? node.Size : 1, node.Position) && Attach(node, alias);

    private bool Count(long nodes, FilePosition at)
    {
        _nodes += nodes;
        if (_nodes <= MaxNodes) return true;
        diagnostics.Report(RuleCodes.TooManyNodes, at, $"more than {MaxNodes} YAML nodes, each alias counted as all it stands for");
        return false;
    }

    private bool Attach(Node node, bool alias = false)
    {
        if (!_open.TryPeek(out var parent))
        {
            _root = node;
        }
        else if (!parent.IsMapping)
        {
            parent.Items.Add(node);
        }
        else if (parent.WantsName)
        {
            if (node is ScalarNode { Kind: not ScalarKind.Null } name && !alias)
            {
                parent.PendingName = name;
            }
            else
            {
                if (node is not BrokenNode)
                {
                    var found = alias ? "an alias" : node.Description;
                    diagnostics.Report(RuleCodes.BadMemberName, node.Position, $"the name of a member must be text, found {found}");
                }
                parent.DropsNext = true;
                parent.IsIncomplete = true;
            }
        }
        else
        {
            if (parent.PendingName is { } key) AddMember(parent, key, node);
            parent.PendingName = null;
            parent.DropsNext = false;
        }
        return true;
    }

    private void AddMember(OpenCollection mapping, ScalarNode name, Node value)
    {
        var member = new Member(name.Text, name.Position, value);
        if (mapping.TryAdd(member) is { } first)
            diagnostics.Report(RuleCodes.MemberTwice, name.Position, $"member {Wording.Quote(name.Text)} is given twice; first at {first.Position}");
        else if (name.IsPlain && name.Text == MergeKey)
            mapping.Merge = member;
    }

    /// <summary>A mapping with what it merges: its own members win, then the earlier of several merged mappings.</summary>
    private MappingNode Close(OpenCollection open)
    {
        if (open.Merge is not { } merge) return new(open.Position, open.Members, open.IsIncomplete);

        foreach (var source in merge.Value is ListNode list ? list.Items : [merge.Value])
        {
            if (source is MappingNode mapping)
            {
                foreach (var member in mapping.Members) open.TryAdd(member);
            }
            else
            {
                open.IsIncomplete = true;
                if (source is not BrokenNode)
                    diagnostics.Report(RuleCodes.BadMerge, merge.Position, $"'<<' merges a mapping or a list of mappings, found {source.Description}");
            }
        }
        open.Members.Remove(merge);
        return new(open.Position, open.Members, open.IsIncomplete);
    }

    private Node Resolve(AnchorAlias alias)
    {
        var at = At(alias.Start);
        var name = alias.Value.Value;
        if (_anchors.TryGetValue(name, out var node) && node is not null) return node;

        var problem = _anchors.ContainsKey(name)
            ? $"alias {Wording.Quote("*" + name)} stands inside of what it names"
            : $"alias {Wording.Quote("*" + name)} names no anchor above it{Wording.DidYouMean(name, _anchors.Keys)}";
        diagnostics.Report(RuleCodes.BadAlias, at, problem);
        return new BrokenNode(at);
    }

    private void CheckTag(NodeEvent node)
    {
        if (node.Tag is { IsEmpty: false, IsNonSpecific: false } tag)
            diagnostics.Report(RuleCodes.TagGiven, At(node.Start), $"tag {Wording.Quote(tag.Value)} is not allowed; rule files use no tags");
    }

    private static bool IsFlow(NodeEvent start) =>
        start is SequenceStart { Style: SequenceStyle.Flow } or MappingStart { Style: MappingStyle.Flow };

    private static string? AnchorOf(NodeEvent node) => node.Anchor.IsEmpty ? null : node.Anchor.Value;

    /// <summary>The scanner counts one line too many where a file ends in a comment without a line break.</summary>
    private FilePosition At(Mark mark) => mark.Line > _end.Line ? _end : new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));
}
