using System.Globalization;
using ApiShield.Dialects;
using ApiShield.Quotas;

namespace ApiShield.Enforcement;

/// <summary>Writes what is left of the enforced quotas into response headers: the dialect's own, and the IETF draft's RateLimit fields.</summary>
public static class LimitHeaders
{
    /// <summary>Writes the headers of an admitted or refused exchange.</summary>
    public static void Write(Exchange exchange, IHeaderWriter headers, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        ArgumentNullException.ThrowIfNull(headers);
        var local = exchange.Undecided;
        var reservation = local ? exchange.Fallback : exchange.Reservation;
        var rules = local ? exchange.FallbackRules : exchange.Matched;

        LimitState? requests = null, tokens = null;
        for (var i = 0; i < rules.Count; i++)
        {
            if (!rules[i].IsEnforced) continue;
            ref var entry = ref reservation.Entries[i];
            var reset = ResetMs(entry);
            headers.Append("RateLimit-Policy", rules[i].Policy);
            headers.Append("RateLimit", entry.Limit.HasWindow
                ? string.Create(CultureInfo.InvariantCulture, $"\"{rules[i].Rule.Name}\";r={entry.Remaining};t={(reset + 999) / 1000}")
                : string.Create(CultureInfo.InvariantCulture, $"\"{rules[i].Rule.Name}\";r={entry.Remaining}"));

            var state = new LimitState(entry.Limit.Limit, entry.Remaining, TimeSpan.FromMilliseconds(reset));
            if (entry.Limit.Unit == QuotaUnit.Requests) requests = Tighter(requests, state);
            else if (rules[i].CountsTokens) tokens = Tighter(tokens, state);
        }
        exchange.Dialect.WriteLimits(headers, new LimitSummary(requests, tokens), now);
    }

    /// <summary>What is held now will have been used when the answer ends, and leaves the window no sooner than a window from now.</summary>
    private static long ResetMs(in ReservationEntry entry) =>
        entry.Fits && entry.Amount > 0 && entry.Limit.Holds ? Math.Max(entry.ResetMs, entry.Limit.WindowMs) : entry.ResetMs;

    private static LimitState Tighter(LimitState? one, LimitState other) => one is { } first && first.Remaining <= other.Remaining ? first : other;
}
