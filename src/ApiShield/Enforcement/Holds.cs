using ApiShield.Dialects;
using ApiShield.Quotas;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <summary>Works out how much of a quota an exchange holds until its usage is known.</summary>
internal static class Holds
{
    /// <summary>
    /// Requests and concurrency: 1. Input: the estimate. Output: the least of what the request states (else the rule's default) for all its choices,
    /// the rule's cap, and what the limit can hold at all, so that a first request is never refused for a default that exceeds the limit.
    /// </summary>
    public static long Amount(QuotaRule rule, RequestFacts facts, long estimatedInput)
    {
        switch (rule.Limit.Unit)
        {
            case QuotaUnit.InputTokens: return estimatedInput;
            case QuotaUnit.OutputTokens: return Math.Min(Output(rule, facts), rule.Limit.Limit);
            case QuotaUnit.TotalTokens: return estimatedInput + Math.Min(Output(rule, facts), Math.Max(1, rule.Limit.Limit - estimatedInput));
            default: return 1;
        }
    }

    private static long Output(QuotaRule rule, RequestFacts facts)
    {
        var possible = (facts.MaxOutputTokens ?? rule.DefaultOutput) * facts.Choices;

        // The hold of a stream grows with it; that of a whole answer under a rule that cuts is all that it will be given.
        var isAll = rule.OnExhausted == ExhaustedMode.Cut && !facts.Stream;
        return isAll ? possible : Math.Min(possible, rule.MaxHold ?? long.MaxValue);
    }
}
