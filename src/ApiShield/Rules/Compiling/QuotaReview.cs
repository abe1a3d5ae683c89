using System.Globalization;
using ApiShield.Quotas;

namespace ApiShield.Rules.Compiling;

/// <summary>Looks over quota rules without errors for what is legal and surely a mistake.</summary>
internal static class QuotaReview
{
    /// <summary>Reports warnings; rules that are off are passed over.</summary>
    public static void Run(IReadOnlyList<CompiledQuota> quotas, CompiledCallers callers, DiagnosticSink diagnostics)
    {
        var organizations = callers.Accounts.Select(account => account.Organization).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var plans = callers.Accounts.Select(account => account.Plan).OfType<string>().Append(callers.DefaultPlan).ToHashSet(StringComparer.Ordinal);
        var active = quotas.Where(quota => quota.Rule.Mode != EnforcementMode.Off).ToArray();
        foreach (var quota in active)
        {
            CheckMatch(quota, plans, organizations, diagnostics);
            CheckAmounts(quota, diagnostics);
        }
        foreach (var alike in active.GroupBy(quota => Kind(quota.Rule), StringComparer.Ordinal)) CheckOverlap([.. alike], diagnostics);
    }

    private static void CheckMatch(CompiledQuota quota, HashSet<string> plans, HashSet<string> organizations, DiagnosticSink diagnostics)
    {
        var match = quota.Rule.Match;
        var at = quota.PositionOf("match");
        (string Name, int? Count)[] lists =
        [
            ("plans", match.Plans?.Count), ("models", match.Models?.Count), ("routes", match.Routes?.Count),
            ("organizations", match.Organizations?.Count),
        ];
        foreach (var (name, _) in lists.Where(list => list.Count == 0))
            Report(RuleCodes.MatchesNothing, at, $"match: '{name}' is an empty list, so that the rule matches no request; leave it out to match all");
        foreach (var plan in (match.Plans ?? []).Except(plans).Order(StringComparer.Ordinal))
        {
            Report(RuleCodes.UnknownPlan, at,
                $"match: no account has plan {Wording.Quote(plan)}, and it is not the default plan{Wording.DidYouMean(plan, plans)}");
        }
        foreach (var name in (match.Organizations ?? []).Except(organizations).Order(StringComparer.Ordinal))
            Report(RuleCodes.UnknownOrganization, at, $"match: no account declares organization {Wording.Quote(name)}{Wording.DidYouMean(name, organizations)}");
        if ((quota.Rule.Per & QuotaScopeParts.Organization) != 0 && organizations.Count == 0)
        {
            Report(RuleCodes.UnknownOrganization, quota.PositionOf("per"),
                "counts per organization, but no account declares one, so that each account counts as its own");
        }

        void Report(RuleCode code, Parsing.FilePosition where, string message) => diagnostics.Report(code, where, $"quota '{quota.Rule.Name}': {message}");
    }

    private static void CheckAmounts(CompiledQuota quota, DiagnosticSink diagnostics)
    {
        var rule = quota.Rule;
        var limit = rule.Limit.Limit;
        if (rule.Limit.Unit == QuotaUnit.TotalTokens && limit < 2)
            Report(RuleCodes.LimitBelowRequest, "limit", "no request can meet limit 1: it has at least one token of input and one of output");

        CheckHold("defaultOutput", rule.DefaultOutput, "limit", limit);
        CheckHold("maxHold", rule.MaxHold, "limit", limit);
        if (rule.MaxHold is { } cap) CheckHold("defaultOutput", rule.DefaultOutput, "maxHold", cap);

        void CheckHold(string member, long? amount, string by, long bound)
        {
            if (quota.Source.Find(member) is not null && amount > bound)
                Report(RuleCodes.HoldWithoutEffect, member,
                    $"{member} {CountText.Write(amount.Value)} has no effect: {by} {CountText.Write(bound)} caps what is held");
        }

        void Report(RuleCode code, string member, string message) => diagnostics.Report(code, quota.PositionOf(member), $"quota '{rule.Name}': {message}");
    }

    /// <summary>Among rules that differ in limit, window and mode only, finds those that another one makes idle.</summary>
    private static void CheckOverlap(CompiledQuota[] alike, DiagnosticSink diagnostics)
    {
        for (var i = 0; i < alike.Length; i++)
        {
            var idle = alike[i].Rule;
            var same = Array.FindIndex(alike, 0, i, other => other.Rule.Mode == idle.Mode && Same(other.Rule.Limit, idle.Limit));
            if (same >= 0)
            {
                diagnostics.Report(RuleCodes.SameRule, alike[i].Source.Position,
                    $"quota '{idle.Name}': is the same as quota '{alike[same].Rule.Name}' at {alike[same].Source.Position} in all but name");
                continue;
            }
            var stricter = Array.FindIndex(alike, other => other.Rule != idle && IsNeverFirst(idle, other.Rule));
            if (stricter < 0) continue;
            diagnostics.Report(RuleCodes.NeverFirst, alike[i].Source.Position,
                $"quota '{idle.Name}': can refuse nothing that quota '{alike[stricter].Rule.Name}' at {alike[stricter].Source.Position} does not refuse already");
        }
    }

    private static bool Same(QuotaLimit a, QuotaLimit b) => a.Limit == b.Limit && a.WindowMs == b.WindowMs;

    /// <summary>
    /// Whether the other rule refuses whatever this one would: it allows no more, over what is surely no shorter time (a window counts up to one
    /// segment more than its length), and it acts. Several rules in shadow mode beside each other are a comparison, not a mistake.
    /// </summary>
    private static bool IsNeverFirst(QuotaRule rule, QuotaRule other) =>
        other.Limit.Limit <= rule.Limit.Limit
        && (other.Limit.WindowMs == rule.Limit.WindowMs || other.Limit.WindowMs >= rule.Limit.WindowMs + rule.Limit.SegmentMs)
        && other.Mode == EnforcementMode.Enforce
        && !(other.Mode == rule.Mode && Same(other.Limit, rule.Limit));

    /// <summary>All of a rule but name, description, limit, window and mode, as text that is equal for equal rules.</summary>
    private static string Kind(QuotaRule rule)
    {
        var match = rule.Match;
        var models = match.Models?.Select(model => model.Text.ToUpperInvariant());
        return string.Create(CultureInfo.InvariantCulture,
            $"{List(match.Plans)}|{List(match.Routes)}|{List(match.Organizations)}|{List(models)}|{rule.Per}|{rule.Limit.Unit}|")
            + string.Create(CultureInfo.InvariantCulture, $"{rule.OnStoreFailure}|{rule.OnExhausted}|{rule.DefaultOutput}|{rule.MaxHold}");
    }

    private static string List(IEnumerable<string>? names) =>
        names is null
            ? "*"
            : string.Join(',', names.Order(StringComparer.Ordinal).Select(name => string.Create(CultureInfo.InvariantCulture, $"{name.Length}:{name}")));
}
