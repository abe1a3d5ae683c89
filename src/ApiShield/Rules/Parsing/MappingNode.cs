namespace ApiShield.Rules.Parsing;

/// <summary>A YAML mapping: its own members in file order, then those that it merges and does not override.</summary>
internal sealed class MappingNode : Node
{
    private readonly Dictionary<string, Member> _byName;

    /// <param name="position">Where it begins.</param>
    /// <param name="members">Members with distinct names.</param>
    /// <param name="isIncomplete">Whether members are lost to an error that was reported.</param>
    public MappingNode(FilePosition position, IReadOnlyList<Member> members, bool isIncomplete = false)
        : base(position)
    {
        IsIncomplete = isIncomplete;
        Members = members;
        _byName = new(members.Count, StringComparer.Ordinal);
        foreach (var member in members)
        {
            _byName.Add(member.Name, member);
            Size += 1 + member.Value.Size;
        }
    }

    public IReadOnlyList<Member> Members { get; }

    /// <summary>Whether members are lost to an error that was reported, so that their absence says nothing.</summary>
    public bool IsIncomplete { get; }

    public override string Description => "a mapping";

    /// <summary>The member of this name, or null.</summary>
    public Member? Find(string name) => _byName.GetValueOrDefault(name);
}
