using System.Globalization;
using ApiShield.Dialects;
using ApiShield.Quotas;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <summary>Words the refusals, alike for every cause that a caller must not tell apart.</summary>
public static class Denials
{
    /// <summary>A quota has no room.</summary>
    internal static Denial Quota(QuotaRule rule, in ReservationEntry entry)
    {
        var limit = rule.Limit;
        var unit = UnitOf(limit.Unit);
        if (entry.Amount > limit.Limit)
        {
            return new Denial
            {
                Kind = DenialKind.RequestTooLarge,
                Status = 429,
                Code = "rate_limit_exceeded",
                Rule = rule.Name,
                Message = Text($"Request too large: limit {limit.Limit} {unit}{Per(limit)}, requested {entry.Amount}. Shorten the input or ask for fewer output tokens."),
            };
        }

        var wait = TimeSpan.FromMilliseconds(entry.RetryAfterMs);
        return new Denial
        {
            Kind = DenialKind.QuotaExceeded,
            Status = 429,
            Code = "rate_limit_exceeded",
            Rule = rule.Name,
            RetryAfter = wait,
            Message = Text($"Rate limit reached: limit {limit.Limit} {unit}{Per(limit)}, remaining {entry.Remaining}, requested {entry.Amount}. Please try again in {Math.Ceiling(wait.TotalSeconds)}s."),
        };
    }

    /// <summary>A running answer has used up its allowance.</summary>
    internal static Denial Exhausted(QuotaRule? rule) => new()
    {
        Kind = DenialKind.QuotaExceeded,
        Status = 429,
        Code = "rate_limit_exceeded",
        Rule = rule?.Name,
        Message = "Rate limit reached while the answer was running: it is incomplete.",
    };

    /// <summary>A rule that denies without its store.</summary>
    internal static Denial StoreUnavailable(QuotaRule rule) => new()
    {
        Kind = DenialKind.StoreUnavailable,
        Status = 503,
        Code = "service_unavailable",
        Rule = rule.Name,
        RetryAfter = TimeSpan.FromSeconds(1),
        Message = "The service is temporarily unable to check your quota. Please try again shortly.",
    };

    /// <summary>A body that a dialect could not read.</summary>
    public static Denial Invalid(InspectionError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Invalid(400, error.Message, error.Code, error.Parameter);
    }

    /// <summary>A request that cannot be read.</summary>
    public static Denial Invalid(int status, string message, string code, string? parameter = null) => new()
    {
        Kind = DenialKind.Invalid,
        Status = status,
        Message = message,
        Code = code,
        Parameter = parameter,
    };

    /// <summary>The proxy holds as many request bodies as it may.</summary>
    public static Denial Busy() => new()
    {
        Kind = DenialKind.UpstreamUnavailable,
        Status = 503,
        Code = "overloaded",
        RetryAfter = TimeSpan.FromSeconds(1),
        Message = "The service is overloaded. Please try again shortly.",
    };

    /// <summary>A path that the route does not protect.</summary>
    public static Denial UnknownPath(string method, string path) => new()
    {
        Kind = DenialKind.UnknownPath,
        Status = 404,
        Code = "unknown_url",
        Message = $"Unknown request URL: {method} {path}. Check the path for typos; this endpoint is not served here.",
    };

    /// <summary>A model API that did not answer.</summary>
    public static Denial UpstreamUnavailable(int status) => new()
    {
        Kind = DenialKind.UpstreamUnavailable,
        Status = status,
        Code = status == 504 ? "upstream_timeout" : "upstream_unavailable",
        Message = status == 504 ? "The model API did not answer in time." : "The model API could not be reached.",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Per(QuotaLimit limit) => limit.HasWindow ? $" per {Window(limit.WindowMs)}" : "";

    private static string Window(long ms) => ms switch
    {
        _ when ms % 86_400_000 == 0 => $"{ms / 86_400_000}d",
        _ when ms % 3_600_000 == 0 => $"{ms / 3_600_000}h",
        _ when ms % 60_000 == 0 => $"{ms / 60_000}m",
        _ => $"{ms / 1000}s",
    };

    private static string UnitOf(QuotaUnit unit) => unit switch
    {
        QuotaUnit.InputTokens => "input tokens",
        QuotaUnit.OutputTokens => "output tokens",
        QuotaUnit.TotalTokens => "tokens",
        QuotaUnit.ConcurrentRequests => "concurrent requests",
        _ => "requests",
    };
}
