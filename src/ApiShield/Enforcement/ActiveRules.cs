using System.Collections.Frozen;
using ApiShield.Rules;
using ApiShield.Telemetry;

namespace ApiShield.Enforcement;

/// <summary>A rule set made ready to decide: the snapshot that a request takes once and keeps.</summary>
public sealed class ActiveRules
{
    private readonly FrozenDictionary<QuotaRule, ActiveRule> _active;

    internal ActiveRules(RuleSet rules, IdentityKey identity, ShieldMetrics metrics, int replicas)
    {
        Rules = rules;
        Callers = new CallerDirectory(rules, identity);
        _active = rules.Quotas.ToFrozenDictionary(rule => rule, rule => new ActiveRule(rule, metrics.ForRule(rule), replicas));
    }

    /// <summary>The compiled rules.</summary>
    public RuleSet Rules { get; }

    internal CallerDirectory Callers { get; }

    internal ActiveRule this[QuotaRule rule] => _active[rule];
}
