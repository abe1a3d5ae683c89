namespace ApiShield.Quotas;

/// <summary>The part of a quota rule that a store needs: how much of what, within which window.</summary>
/// <remarks>
/// A window is kept as segments of equal length. At time t, in segment k, the use of the segments k-Segments to k counts: the oldest in full, so
/// that no window of <see cref="WindowMs"/> ever holds more than the limit, and no request is refused that an exact log over the window plus one
/// segment would admit.
/// </remarks>
public sealed class QuotaLimit
{
    /// <summary>The most segments a window is cut into unless a rule says otherwise.</summary>
    public const int DefaultSegments = 60;

    /// <param name="unit">What is counted.</param>
    /// <param name="limit">The allowance within one window, at least 1.</param>
    /// <param name="window">From one second to 31 days in whole milliseconds; ignored for <see cref="QuotaUnit.ConcurrentRequests"/>.</param>
    /// <param name="maxSegments">
    /// The most segments, at least 1. The window is cut into the largest number up to this one that divides it into whole milliseconds.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public QuotaLimit(QuotaUnit unit, long limit, TimeSpan window, int maxSegments = DefaultSegments)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSegments, 1);
        Unit = unit;
        Limit = limit;
        if (unit == QuotaUnit.ConcurrentRequests) return;

        ArgumentOutOfRangeException.ThrowIfLessThan(window, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(window, TimeSpan.FromDays(31));
        WindowMs = window.Ticks / TimeSpan.TicksPerMillisecond;
        Segments = maxSegments;
        while (WindowMs % Segments != 0) Segments--;
        SegmentMs = WindowMs / Segments;
    }

    /// <summary>What is counted.</summary>
    public QuotaUnit Unit { get; }

    /// <summary>The allowance within one window, in units.</summary>
    public long Limit { get; }

    /// <summary>Length of the window in milliseconds; 0 for concurrency.</summary>
    public long WindowMs { get; }

    /// <summary>Length of one segment in milliseconds; 0 for concurrency.</summary>
    public long SegmentMs { get; }

    /// <summary>Number of segments in a window; 0 for concurrency.</summary>
    public int Segments { get; }

    /// <summary>Whether use is held by a reservation until settled (tokens and concurrency) rather than entered at once (requests).</summary>
    public bool Holds => Unit != QuotaUnit.Requests;

    /// <summary>Whether what was used is entered in a window (everything but concurrency).</summary>
    public bool HasWindow => WindowMs > 0;

    /// <summary>The same limit for one of several replicas that cannot see each other: an equal share, at least 1.</summary>
    public QuotaLimit ShareOf(int replicas) =>
        new(Unit, Math.Max(1, Limit / Math.Max(1, replicas)), TimeSpan.FromMilliseconds(WindowMs), Math.Max(1, Segments));
}
