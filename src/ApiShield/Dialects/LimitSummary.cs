namespace ApiShield.Dialects;

/// <summary>The tightest enforced request quota and token quota of an exchange, for the headers that client libraries read.</summary>
/// <param name="Requests">Of the rules on requests, the one with the fewest left; null without such a rule.</param>
/// <param name="Tokens">Of the rules on tokens, the one with the fewest left; null without such a rule.</param>
public readonly record struct LimitSummary(LimitState? Requests, LimitState? Tokens);
