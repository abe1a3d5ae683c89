using ApiShield.Quotas;

namespace ApiShield.Redis;

/// <summary>One counter's part in a settlement.</summary>
/// <param name="Key">Which counter.</param>
/// <param name="Limit">Its rule's unit and window.</param>
/// <param name="Amount">What was reserved, in units.</param>
/// <param name="Value">Settling: units used. Refunding: the time of the reservation. Correcting: units to hold instead.</param>
internal readonly record struct SettlementPart(CounterKey Key, QuotaLimit Limit, long Amount, long Value);
