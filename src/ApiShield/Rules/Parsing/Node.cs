namespace ApiShield.Rules.Parsing;

/// <summary>A piece of a rule file with its place. An alias is the very node that it stands for.</summary>
/// <param name="position">Where it begins.</param>
internal abstract class Node(FilePosition position)
{
    public FilePosition Position { get; } = position;

    /// <summary>How many nodes it is made of, itself included, each alias counted as what it stands for.</summary>
    public long Size { get; protected set; } = 1;

    /// <summary>What it is, for messages that say what was found.</summary>
    public abstract string Description { get; }
}
