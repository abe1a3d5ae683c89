using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>A quota rule with its place in the file, for what is checked once all rules are known.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Source">What it was compiled from.</param>
internal sealed record CompiledQuota(QuotaRule Rule, MappingNode Source)
{
    /// <summary>Where the member's value stands; the rule itself if it is absent.</summary>
    public FilePosition PositionOf(string member) => Source.Find(member)?.Value.Position ?? Source.Position;
}
