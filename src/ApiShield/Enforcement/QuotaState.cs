using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <summary>One quota of one account at this moment, for people.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Used">Units in the window.</param>
/// <param name="Held">Units held by running exchanges.</param>
/// <param name="Remaining">Units left, at least 0.</param>
/// <param name="Reset">Until all that is now in the window has left it.</param>
public sealed record QuotaState(QuotaRule Rule, long Used, long Held, long Remaining, TimeSpan Reset);
