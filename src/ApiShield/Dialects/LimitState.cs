namespace ApiShield.Dialects;

/// <summary>What is left of one quota after a decision.</summary>
/// <param name="Limit">The allowance within one window.</param>
/// <param name="Remaining">Units left, at least 0.</param>
/// <param name="Reset">Until the quota is whole again.</param>
public readonly record struct LimitState(long Limit, long Remaining, TimeSpan Reset);
