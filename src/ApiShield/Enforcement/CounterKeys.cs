using System.Net;
using System.Numerics;
using ApiShield.Quotas;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <summary>Works out which counter a rule uses for an exchange.</summary>
internal static class CounterKeys
{
    /// <summary>
    /// The most personal part of the rule's scope becomes the counter's scope, so that all counters of an account share a slot; the others go into
    /// the counter's name.
    /// </summary>
    public static CounterKey Of(ActiveRule rule, IdentityKey identity, Caller caller, IPAddress address, string? model, string route)
    {
        var name = rule.CounterName;
        switch (rule.Rule.Per)
        {
            case QuotaScopeParts.Account: return new CounterKey(caller.AccountScope, name);
            case QuotaScopeParts.Organization: return new CounterKey(caller.OrganizationScope, name);
            case QuotaScopeParts.None: return new CounterKey(identity.Everyone, name);
        }

        UInt128? scope = null;
        var parts = rule.Rule.Per;
        if (parts.HasFlag(QuotaScopeParts.Account)) Mix(ref scope, ref name, caller.AccountScope);
        if (parts.HasFlag(QuotaScopeParts.Organization)) Mix(ref scope, ref name, caller.OrganizationScope);
        if (parts.HasFlag(QuotaScopeParts.Address)) Mix(ref scope, ref name, identity.AddressScope(address));
        if (parts.HasFlag(QuotaScopeParts.Model)) Mix(ref scope, ref name, identity.ModelScope(model));
        if (parts.HasFlag(QuotaScopeParts.Route)) Mix(ref scope, ref name, identity.RouteScope(route));
        return new CounterKey(scope!.Value, name);
    }

    private static void Mix(ref UInt128? scope, ref ulong name, UInt128 part)
    {
        // The parts are keyed hashes: nobody can choose them so that two combinations meet.
        if (scope is null) scope = part;
        else name = BitOperations.RotateLeft(name, 17) ^ (ulong)part;
    }
}
