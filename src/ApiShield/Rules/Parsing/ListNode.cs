namespace ApiShield.Rules.Parsing;

/// <summary>A YAML sequence.</summary>
internal sealed class ListNode : Node
{
    public ListNode(FilePosition position, IReadOnlyList<Node> items)
        : base(position)
    {
        Items = items;
        foreach (var item in items) Size += item.Size;
    }

    public IReadOnlyList<Node> Items { get; }

    public override string Description => "a list";
}
