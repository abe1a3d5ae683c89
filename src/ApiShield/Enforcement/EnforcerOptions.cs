namespace ApiShield.Enforcement;

/// <summary>What the enforcer needs besides rules.</summary>
public sealed record EnforcerOptions
{
    /// <summary>How many replicas share the traffic; a rule that falls back to counting locally allows its share of the limit.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>How long a hold lives in the store unless renewed.</summary>
    public TimeSpan HoldLength { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Tokens by which a running answer's hold is raised at a time under <c>onExhausted: cut</c>.</summary>
    public long ExtensionStep { get; init; } = 256;
}
