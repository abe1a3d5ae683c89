namespace ApiShield.Quotas;

/// <summary>One counter of the in-process store.</summary>
internal sealed class Counter;
