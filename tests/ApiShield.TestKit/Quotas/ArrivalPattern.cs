namespace ApiShield.TestKit.Quotas;

/// <summary>Ways in which requests arrive, honest and hostile.</summary>
public enum ArrivalPattern
{
    /// <summary>Random gaps, about half as many again to a window as the limit admits.</summary>
    Scattered,

    /// <summary>Bursts one millisecond before, at and after the edge of a segment.</summary>
    SegmentEdges,

    /// <summary>Silence of about a window, then everything at once.</summary>
    IdleThenBurst,

    /// <summary>A burst in every other half of a window.</summary>
    AlternateWindows,

    /// <summary>Again at the very moment that the last refusal named, and just before it.</summary>
    ObeysRetryAfter,
}
