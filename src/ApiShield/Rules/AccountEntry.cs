namespace ApiShield.Rules;

/// <summary>One entry of the file's <c>callers.accounts</c>: an account that is known by its keys.</summary>
/// <param name="Account">Its name, unique.</param>
/// <param name="Organization">Who owns it, or null.</param>
/// <param name="Plan">Its plan, or null for the default plan.</param>
/// <param name="KeyHashes">Lower-case hex of HMAC-SHA256 of each API key under the identity key.</param>
public sealed record AccountEntry(string Account, string? Organization, string? Plan, IReadOnlyList<string> KeyHashes);
