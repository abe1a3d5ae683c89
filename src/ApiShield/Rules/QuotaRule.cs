using ApiShield.Quotas;

namespace ApiShield.Rules;

/// <summary>One entry of the file's <c>quotas</c>: who may use how much of what, within which window.</summary>
public sealed class QuotaRule
{
    /// <summary>Output tokens held for a request that states no maximum, unless the rule says otherwise.</summary>
    public const long DefaultOutputTokens = 1024;

    /// <summary>Unique among the rules of all kinds. Use is kept under this name: a renamed rule starts afresh.</summary>
    public required string Name { get; init; }

    /// <summary>For people: why the rule is there.</summary>
    public string? Description { get; init; }

    /// <summary>Off, shadow or enforce, already capped by the file's mode.</summary>
    public EnforcementMode Mode { get; init; } = EnforcementMode.Enforce;

    /// <summary>Which requests count.</summary>
    public RuleMatch Match { get; init; } = RuleMatch.Everything;

    /// <summary>Whose use is counted together.</summary>
    public QuotaScopeParts Per { get; init; } = QuotaScopeParts.Account;

    /// <summary>Unit, allowance and window.</summary>
    public required QuotaLimit Limit { get; init; }

    /// <summary>What to do while the store is unreachable.</summary>
    public StoreFailureMode OnStoreFailure { get; init; } = StoreFailureMode.Local;

    /// <summary>For token units: what to do with an answer that outgrows its allowance.</summary>
    public ExhaustedMode OnExhausted { get; init; } = ExhaustedMode.Finish;

    /// <summary>For token units: output tokens held, a choice, for a request that states no maximum.</summary>
    public long DefaultOutput { get; init; } = DefaultOutputTokens;

    /// <summary>For token units: output tokens held at most for one request, however large a maximum it states; null for no cap.</summary>
    public long? MaxHold { get; init; }
}
