using System.Text.Json;
using System.Text.Json.Serialization;
using ApiShield.Enforcement;
using ApiShield.Rules;

namespace ApiShield.Proxy.Admin;

/// <summary>Answer to <c>/quotas/{account}</c>.</summary>
/// <param name="Account">The account's name.</param>
/// <param name="Organization">Who owns it, or null.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Scope">The keyed hash under which logs and the store know it.</param>
/// <param name="Quotas">One entry a rule.</param>
internal sealed record QuotasAnswer(string Account, string? Organization, string Plan, string Scope, IReadOnlyList<QuotaAnswer> Quotas);

/// <summary>One quota of an account.</summary>
/// <param name="Rule">The rule and its limit.</param>
/// <param name="Used">Units in the window.</param>
/// <param name="Held">Units held by running exchanges.</param>
/// <param name="Remaining">Units left.</param>
/// <param name="ResetSeconds">Until the window is empty if nothing more is used.</param>
internal sealed record QuotaAnswer(RuleAnswer Rule, long Used, long Held, long Remaining, double ResetSeconds)
{
    public static QuotaAnswer Of(QuotaState state) => new(RuleAnswer.Of(state.Rule), state.Used, state.Held, state.Remaining, state.Reset.TotalSeconds);
}

/// <summary>A rule in short.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mode">off, shadow or enforce.</param>
/// <param name="Per">Whose use counts together; empty for everybody's.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="Limit">How much.</param>
/// <param name="WindowSeconds">Within how long; null for concurrency.</param>
internal sealed record RuleAnswer(string Name, string Mode, IReadOnlyList<string> Per, string Unit, long Limit, double? WindowSeconds)
{
    public static RuleAnswer Of(QuotaRule rule) =>
        new(rule.Name, Word(rule.Mode), Parts(rule.Per), Word(rule.Limit.Unit), rule.Limit.Limit, rule.Limit.HasWindow ? rule.Limit.WindowMs / 1000.0 : null);

    private static IReadOnlyList<string> Parts(QuotaScopeParts per) =>
        [.. Enum.GetValues<QuotaScopeParts>().Where(part => part != QuotaScopeParts.None && per.HasFlag(part)).Select(Word)];

    /// <summary>A word of the rule file.</summary>
    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}

/// <summary>Answer to <c>/rules</c>.</summary>
/// <param name="Revision">Short hash of the rule file.</param>
/// <param name="File">Where it was read from.</param>
/// <param name="Quotas">The quota rules.</param>
/// <param name="Warnings">What is legal and surely a mistake.</param>
internal sealed record RulesAnswer(string Revision, string File, IReadOnlyList<RuleAnswer> Quotas, IReadOnlyList<string> Warnings);

/// <summary>Serializers of the admin answers, made at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(QuotasAnswer))]
[JsonSerializable(typeof(RulesAnswer))]
[JsonSerializable(typeof(Microsoft.AspNetCore.Mvc.ProblemDetails))]
internal sealed partial class AdminJson : JsonSerializerContext;
