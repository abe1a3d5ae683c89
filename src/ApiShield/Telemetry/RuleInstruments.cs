using Prometheus;

namespace ApiShield.Telemetry;

/// <summary>The counters of one rule, resolved once.</summary>
internal sealed class RuleInstruments(Counter.Child allowed, Counter.Child refused, Counter.Child fellBack)
{
    /// <summary>The rule matched and had room.</summary>
    public Counter.Child Allowed { get; } = allowed;

    /// <summary>The rule matched and refused, or would have in shadow mode.</summary>
    public Counter.Child Refused { get; } = refused;

    /// <summary>The rule could not be decided by the store, and what it says for that case was done.</summary>
    public Counter.Child FellBack { get; } = fellBack;
}
