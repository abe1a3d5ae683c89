using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <summary>Resolves an API key, or without one an address, to a caller.</summary>
internal sealed class CallerDirectory
{
    private const int Remembered = 4096;
    private const int LongestRemembered = 512;

    // Keys stay in memory as they were sent, as they do anyway while their requests run; they go with the rules' revision.
    private readonly RecentValues<string, Caller> _recentKeys = new(Remembered);
    private readonly RecentValues<IPAddress, Caller> _recentAddresses = new(Remembered);
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
        if (apiKey.Length > LongestRemembered) return Resolve(apiKey);
        if (!apiKey.IsEmpty)
        {
            if (_recentKeys.TryGet(apiKey, out var caller)) return caller;
            _recentKeys.Add(apiKey.ToString(), caller = Resolve(apiKey));
            return caller;
        }

        if (_recentAddresses.TryGet(address, out var nameless)) return nameless;
        _recentAddresses.Add(address, nameless = Resolve(address));
        return nameless;
    }

    /// <summary>The caller with this name, whether the directory knows it or not.</summary>
    public Caller ByName(string account) => _byName.TryGetValue(account, out var known) ? known : Make(account, null, _defaultPlan);

    private Caller Resolve(ReadOnlySpan<char> apiKey)
    {
        var digest = _identity.Digest(apiKey);
        return _byKey.TryGetValue(digest, out var known)
            ? known
            : Make(string.Create(CultureInfo.InvariantCulture, $"key-{(ulong)(digest >> 64):x16}"), null, _defaultPlan);
    }

    private Caller Resolve(IPAddress address)
    {
        var scope = _identity.AddressScope(address);
        return Make(string.Create(CultureInfo.InvariantCulture, $"address-{(ulong)(scope >> 64):x16}"), null, _defaultPlan);
    }

    private Caller Make(string account, string? organization, string plan)
    {
        var scope = _identity.Scope("account"u8, account);
        return new Caller(account, organization, plan, scope, organization is null ? scope : _identity.Scope("organization"u8, organization));
    }
}
