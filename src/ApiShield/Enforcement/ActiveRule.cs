using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ApiShield.Quotas;
using ApiShield.Rules;
using ApiShield.Telemetry;

namespace ApiShield.Enforcement;

/// <summary>A quota rule with all that a decision needs worked out beforehand.</summary>
internal sealed class ActiveRule
{
    private volatile JoinedPolicy? _joined;

    public ActiveRule(QuotaRule rule, RuleInstruments instruments, int replicas)
    {
        Rule = rule;
        Instruments = instruments;
        LocalLimit = rule.Limit.ShareOf(replicas);
        IsEnforced = rule.Mode == EnforcementMode.Enforce;
        CountsTokens = rule.Limit.Unit is QuotaUnit.InputTokens or QuotaUnit.OutputTokens or QuotaUnit.TotalTokens;
        Cuts = IsEnforced && rule.OnExhausted == ExhaustedMode.Cut && rule.Limit.Unit is (QuotaUnit.OutputTokens or QuotaUnit.TotalTokens);
        CounterName = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{rule.Name}\n{rule.Limit.Unit}")));
        Policy = rule.Limit.HasWindow
            ? $"\"{rule.Name}\";q={rule.Limit.Limit};w={rule.Limit.WindowMs / 1000}"
            : $"\"{rule.Name}\";q={rule.Limit.Limit};qu=\"concurrent-requests\"";
    }

    public QuotaRule Rule { get; }

    public RuleInstruments Instruments { get; }

    /// <summary>The limit while the shared store is unreachable.</summary>
    public QuotaLimit LocalLimit { get; }

    public bool IsEnforced { get; }

    public bool CountsTokens { get; }

    /// <summary>Whether a running answer is cut when this rule's allowance is exhausted.</summary>
    public bool Cuts { get; }

    /// <summary>Hash of the rule's name and unit: use is kept under it.</summary>
    public ulong CounterName { get; }

    /// <summary>The item behind those of the rules before it. The same rules come together again and again: the last joined text is kept.</summary>
    public string PolicyAfter(string before)
    {
        if (_joined is { } last && ReferenceEquals(last.Before, before)) return last.Joined;
        var joined = $"{before}, {Policy}";
        _joined = new JoinedPolicy(before, joined);
        return joined;
    }

    /// <summary>The rule's item of the <c>RateLimit-Policy</c> header (draft-ietf-httpapi-ratelimit-headers).</summary>
    public string Policy { get; }

    private sealed record JoinedPolicy(string Before, string Joined);
}
