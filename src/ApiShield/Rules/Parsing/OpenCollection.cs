namespace ApiShield.Rules.Parsing;

/// <summary>A list or mapping whose end has not been read yet.</summary>
internal sealed class OpenCollection(FilePosition position, bool isMapping, bool isFlow, string? anchor)
{
    private readonly Dictionary<string, Member> _own = new(StringComparer.Ordinal);

    public FilePosition Position { get; } = position;

    public bool IsMapping { get; } = isMapping;

    /// <summary>Whether it is written in brackets or braces.</summary>
    public bool IsFlow { get; } = isFlow;

    public string? Anchor { get; } = anchor;

    /// <summary>A list's items so far.</summary>
    public List<Node> Items { get; } = [];

    /// <summary>A mapping's members so far, in file order.</summary>
    public List<Member> Members { get; } = [];

    /// <summary>The name that waits for its value; null where the next node is a name.</summary>
    public ScalarNode? PendingName { get; set; }

    /// <summary>Whether the value to come belongs to a name that was refused.</summary>
    public bool DropsNext { get; set; }

    /// <summary>Whether members are lost to an error that was reported.</summary>
    public bool IsIncomplete { get; set; }

    /// <summary>Whether the next node is the name of a member.</summary>
    public bool WantsName => IsMapping && PendingName is null && !DropsNext;

    /// <summary>The merge key with its value, if there is one.</summary>
    public Member? Merge { get; set; }

    /// <summary>Adds a member unless there is one of the name; returns that one.</summary>
    public Member? TryAdd(Member member)
    {
        if (!_own.TryAdd(member.Name, member)) return _own[member.Name];
        Members.Add(member);
        return null;
    }
}
