using System.Diagnostics;

namespace ApiShield.Benchmarks.Load;

/// <summary>Latencies to the microsecond, up to two seconds; longer ones count as two.</summary>
internal sealed class LatencyHistogram
{
    private readonly int[] _counts = new int[2_000_000];
    private long _total;

    public long Total => _total;

    public void Add(long ticks)
    {
        var micros = Math.Clamp(ticks * 1_000_000 / Stopwatch.Frequency, 0, _counts.Length - 1);
        Interlocked.Increment(ref _counts[micros]);
        Interlocked.Increment(ref _total);
    }

    /// <summary>The latency in milliseconds that this share of all stays within.</summary>
    public double Percentile(double share)
    {
        var rank = (long)Math.Ceiling(_total * share);
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank) return i / 1000.0;
        }
        return 0;
    }
}
