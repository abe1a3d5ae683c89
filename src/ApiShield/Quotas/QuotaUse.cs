namespace ApiShield.Quotas;

/// <summary>The state of one counter, read without changing it.</summary>
/// <param name="Used">Units in the window.</param>
/// <param name="Held">Units held by exchanges that are not settled.</param>
/// <param name="ResetMs">Milliseconds until all that is now in the window has left it; 0 if it is empty.</param>
public readonly record struct QuotaUse(long Used, long Held, long ResetMs);
