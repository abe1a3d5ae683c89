using System.Net;
using ApiShield.Quotas;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <content>What people ask of the engine.</content>
public sealed partial class Enforcer
{
    /// <summary>The caller with this name, known to the directory or not.</summary>
    public Caller Find(string account) => _active.Callers.ByName(account);

    /// <summary>Reads the quotas of an account.</summary>
    /// <param name="account">Its name: from the directory, or as the log and the refusals' admin records have it.</param>
    /// <param name="route">For rules per route; without it they are left out.</param>
    /// <param name="model">For rules per model; without it they are left out.</param>
    /// <param name="address">For rules per address; without it they are left out.</param>
    /// <returns>One entry a rule, in file order; null if the store is unreachable.</returns>
    public async Task<IReadOnlyList<QuotaState>?> ReadQuotasAsync(string account, string? route = null, string? model = null, IPAddress? address = null)
    {
        var active = _active;
        var caller = active.Callers.ByName(account);
        var rules = new List<QuotaRule>();
        var counters = new List<(CounterKey, QuotaLimit)>();
        foreach (var rule in active.Rules.Quotas)
        {
            if (rule.Mode == EnforcementMode.Off) continue;
            if (rule.Match.Plans is { } plans && !plans.Contains(caller.Plan)) continue;
            if (rule.Match.Organizations is { } organizations && (caller.Organization is null || !organizations.Contains(caller.Organization))) continue;
            if (route is not null && rule.Match.Routes is { } routes && !routes.Contains(RuleSet.Lower(route))) continue;
            if (model is not null && !rule.Match.CoversModel(model)) continue;
            if (rule.Per.HasFlag(QuotaScopeParts.Route) && route is null) continue;
            if (rule.Per.HasFlag(QuotaScopeParts.Model) && model is null) continue;
            if (rule.Per.HasFlag(QuotaScopeParts.Address) && address is null) continue;
            rules.Add(rule);
            var key = CounterKeys.Of(active[rule], _identity, caller, address ?? IPAddress.None, model, route is null ? "" : RuleSet.Lower(route));
            counters.Add((key, rule.Limit));
        }

        var uses = await _store.ReadAsync(counters).ConfigureAwait(false);
        if (uses is null) return null;
        return
        [
            .. rules.Zip(uses, static (rule, use) => new QuotaState(
                rule, use.Used, use.Held, Math.Max(0, rule.Limit.Limit - use.Used - use.Held), TimeSpan.FromMilliseconds(use.ResetMs))),
        ];
    }
}
