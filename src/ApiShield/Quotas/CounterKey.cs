namespace ApiShield.Quotas;

/// <summary>The identity of one counter: whose use it counts, and for which rule.</summary>
/// <param name="Scope">Keyed hash of the identity (account, organization, address, model or route); counters of one scope share a Redis Cluster slot.</param>
/// <param name="Name">Hash of the rule's name, its unit, and the further parts of a combined scope.</param>
public readonly record struct CounterKey(UInt128 Scope, ulong Name);
