using System.Collections.Frozen;

namespace ApiShield.Rules;

/// <summary>Which requests a rule applies to. A null part matches everything; all parts given must match.</summary>
public sealed class RuleMatch
{
    /// <summary>A rule that applies to every request.</summary>
    public static RuleMatch Everything { get; } = new();

    /// <summary>Plans, compared exactly.</summary>
    public FrozenSet<string>? Plans { get; init; }

    /// <summary>Organizations, compared exactly. A caller without one matches no list.</summary>
    public FrozenSet<string>? Organizations { get; init; }

    /// <summary>Route names of the proxy configuration in lower case, as <see cref="RuleSet.Lower"/> makes them.</summary>
    public FrozenSet<string>? Routes { get; init; }

    /// <summary>Models, with <c>*</c> for any run of characters, compared without case. A request that names no model matches no list.</summary>
    public IReadOnlyList<ModelPattern>? Models { get; init; }

    /// <summary>Whether the rule applies to a caller of this plan and organization on this route.</summary>
    public bool Covers(string route, string plan, string? organization) =>
        (Plans is null || Plans.Contains(plan))
        && (Routes is null || Routes.Contains(route))
        && (Organizations is null || (organization is not null && Organizations.Contains(organization)));

    /// <summary>Whether the rule applies to a request for this model; null where the request names none.</summary>
    public bool CoversModel(string? model)
    {
        if (Models is null) return true;
        if (model is null) return false;
        foreach (var pattern in Models)
            if (pattern.Matches(model)) return true;
        return false;
    }
}
