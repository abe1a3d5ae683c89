namespace ApiShield.Enforcement;

/// <summary>Who sends a request, as far as quotas are concerned. The address is the exchange's, for an account has many.</summary>
/// <param name="Account">The account's name: from the directory, else <c>key-</c> or <c>address-</c> and a keyed hash.</param>
/// <param name="Organization">Who is declared to own it, or null.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="AccountScope">Keyed hash of the account.</param>
/// <param name="OrganizationScope">Keyed hash of the organization; of the account where none is declared.</param>
public sealed record Caller(string Account, string? Organization, string Plan, UInt128 AccountScope, UInt128 OrganizationScope);
