using System.Collections.Frozen;

namespace ApiShield.Rules;

/// <summary>The compiled rules: an immutable snapshot that a request takes once and keeps to its end.</summary>
public sealed class RuleSet
{
    private static readonly QuotaRule[] None = [];

    /// <summary>Stands for every plan or route that no rule names.</summary>
    private const string Unnamed = "";

    private readonly FrozenSet<string> _plans;
    private readonly FrozenSet<string> _routes;
    private readonly FrozenDictionary<(string Route, string Plan), QuotaRule[]> _candidates;

    /// <param name="revision">Short hash of the files' content.</param>
    /// <param name="quotas">All quota rules, those that are off included, in file order.</param>
    public RuleSet(string revision, IReadOnlyList<QuotaRule> quotas)
    {
        ArgumentNullException.ThrowIfNull(quotas);
        Revision = revision;
        Quotas = quotas;

        var active = quotas.Where(rule => rule.Mode != EnforcementMode.Off).ToArray();
        _plans = active.SelectMany(rule => rule.Match.Plans ?? []).ToFrozenSet(StringComparer.Ordinal);
        _routes = active.SelectMany(rule => rule.Match.Routes ?? []).Select(Lower).ToFrozenSet(StringComparer.Ordinal);

        var candidates = new Dictionary<(string, string), QuotaRule[]>();
        foreach (var route in _routes.Append(Unnamed))
            foreach (var plan in _plans.Append(Unnamed))
                candidates[(route, plan)] = [.. active.Where(rule => Applies(rule.Match.Routes, route) && Applies(rule.Match.Plans, plan))];
        _candidates = candidates.ToFrozenDictionary();
    }

    /// <summary>Short hash of the files that the rules were read from.</summary>
    public string Revision { get; }

    /// <summary>All quota rules in file order.</summary>
    public IReadOnlyList<QuotaRule> Quotas { get; }

    /// <summary>The plan of a caller that declares none.</summary>
    public string DefaultPlan { get; init; } = "default";

    /// <summary>Accounts known by their keys.</summary>
    public IReadOnlyList<AccountEntry> Accounts { get; init; } = [];

    /// <summary>
    /// The active quota rules of a route and plan, in file order, by one frozen look-up; organization and model are left to <see cref="RuleMatch"/>.
    /// </summary>
    /// <param name="route">The route's name in lower case, as <see cref="Lower"/> makes it.</param>
    /// <param name="plan">The caller's plan.</param>
    public IReadOnlyList<QuotaRule> QuotasFor(string route, string plan) =>
        _candidates.GetValueOrDefault((_routes.Contains(route) ? route : Unnamed, _plans.Contains(plan) ? plan : Unnamed), None);

    /// <summary>The form in which route names are compared.</summary>
    public static string Lower(string route)
    {
        ArgumentNullException.ThrowIfNull(route);
#pragma warning disable CA1308 // Route names are identifiers, compared here and never round-tripped.
        return route.ToLowerInvariant();
#pragma warning restore CA1308
    }

    private static bool Applies(FrozenSet<string>? listed, string name) => listed is null || listed.Contains(name);
}
