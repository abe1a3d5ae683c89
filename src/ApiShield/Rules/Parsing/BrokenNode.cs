namespace ApiShield.Rules.Parsing;

/// <summary>Stands where an error has already been reported, so that it is not reported again as something else.</summary>
internal sealed class BrokenNode(FilePosition position) : Node(position)
{
    public override string Description => "something unreadable";
}
