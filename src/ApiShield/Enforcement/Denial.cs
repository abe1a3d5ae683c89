namespace ApiShield.Enforcement;

/// <summary>A refusal, before a dialect gives it its shape.</summary>
public sealed record Denial
{
    /// <summary>Why.</summary>
    public required DenialKind Kind { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>For the caller; names no other caller and no internals.</summary>
    public required string Message { get; init; }

    /// <summary>A stable word for programs.</summary>
    public required string Code { get; init; }

    /// <summary>The member of the request that is at fault, or null.</summary>
    public string? Parameter { get; init; }

    /// <summary>The rule that refused, or null.</summary>
    public string? Rule { get; init; }

    /// <summary>When to try again; null where trying again does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
