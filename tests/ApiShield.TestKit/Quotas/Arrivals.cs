using ApiShield.Quotas;

namespace ApiShield.TestKit.Quotas;

/// <summary>Gaps between requests under one pattern, the same for the same seed.</summary>
public sealed class Arrivals(ArrivalPattern pattern, QuotaLimit limit, int seed)
{
    private readonly Random _random = new(seed);
    private int _burst;

    /// <summary>Milliseconds until the next request.</summary>
    /// <param name="nowMs">The present.</param>
    /// <param name="retryAfterMs">What the last answer named; 0 if it was no refusal.</param>
    public long Next(long nowMs, long retryAfterMs)
    {
        if (_burst-- > 0) return 0;
        _burst = pattern == ArrivalPattern.Scattered ? 0 : _random.Next((int)Math.Min(limit.Limit * 2, 30));
        return pattern switch
        {
            ArrivalPattern.Scattered => _random.NextInt64(limit.WindowMs / 12),
            ArrivalPattern.SegmentEdges => Math.Max(0, ToNextEdge(nowMs) + _random.Next(-1, 2) + (_random.Next(3) * limit.SegmentMs)),
            ArrivalPattern.IdleThenBurst => Math.Max(0, limit.WindowMs + _random.NextInt64(-limit.SegmentMs, (2 * limit.SegmentMs) + 1)),
            ArrivalPattern.AlternateWindows => Math.Max(0, (limit.WindowMs / 2) + _random.Next(-1, 2)),
            _ => retryAfterMs > 0 ? Math.Max(0, retryAfterMs - _random.Next(2)) : _random.NextInt64(limit.SegmentMs),
        };
    }

    private long ToNextEdge(long nowMs) => limit.SegmentMs - (nowMs % limit.SegmentMs);
}
