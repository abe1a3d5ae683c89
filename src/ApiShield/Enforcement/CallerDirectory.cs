using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <summary>Resolves an API key, or without one an address, to a caller.</summary>
internal sealed class CallerDirectory
{
    private readonly FrozenDictionary<UInt128, Caller> _byKey;
    private readonly FrozenDictionary<string, Caller> _byName;
    private readonly IdentityKey _identity;
    private readonly string _defaultPlan;

    public CallerDirectory(RuleSet rules, IdentityKey identity)
    {
        _identity = identity;
        _defaultPlan = rules.DefaultPlan;
        var byKey = new Dictionary<UInt128, Caller>();
        var byName = new Dictionary<string, Caller>(StringComparer.Ordinal);
        foreach (var entry in rules.Accounts)
        {
            var caller = Make(entry.Account, entry.Organization, entry.Plan ?? _defaultPlan);
            byName[entry.Account] = caller;
            foreach (var hash in entry.KeyHashes) byKey[IdentityKey.Digest(hash)] = caller;
        }
        _byKey = byKey.ToFrozenDictionary();
        _byName = byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The caller with this key; without a key, the caller at this address.</summary>
    public Caller Identify(ReadOnlySpan<char> apiKey, IPAddress address)
    {
        if (apiKey.IsEmpty)
        {
            var scope = _identity.AddressScope(address);
            return Make(string.Create(CultureInfo.InvariantCulture, $"address-{(ulong)(scope >> 64):x16}"), null, _defaultPlan);
        }

        var digest = _identity.Digest(apiKey);
        return _byKey.TryGetValue(digest, out var known)
            ? known
            : Make(string.Create(CultureInfo.InvariantCulture, $"key-{(ulong)(digest >> 64):x16}"), null, _defaultPlan);
    }

    /// <summary>The caller with this name, whether the directory knows it or not.</summary>
    public Caller ByName(string account) => _byName.TryGetValue(account, out var known) ? known : Make(account, null, _defaultPlan);

    private Caller Make(string account, string? organization, string plan)
    {
        var scope = _identity.Scope("account"u8, account);
        return new Caller(account, organization, plan, scope, organization is null ? scope : _identity.Scope("organization"u8, organization));
    }
}
