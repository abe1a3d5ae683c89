namespace ApiShield.Benchmarks.Load;

/// <summary>What one proxy came to in each round.</summary>
internal sealed class LegFigures
{
    /// <summary>Whole answers in closed loop.</summary>
    public List<LoadResult> Closed { get; } = [];

    /// <summary>Whole answers at a fixed rate.</summary>
    public List<LoadResult> Paced { get; } = [];

    /// <summary>Streams in closed loop.</summary>
    public List<LoadResult> Streams { get; } = [];

    /// <summary>Streams at a fixed rate.</summary>
    public List<LoadResult> PacedStreams { get; } = [];

    /// <summary>Bytes that the proxy allocated for a request with a whole answer, in closed loop.</summary>
    public List<double> BytesPerRequest { get; } = [];

    /// <summary>Microseconds of processor time of the proxy for a request with a whole answer, in closed loop.</summary>
    public List<double> MicrosPerRequest { get; } = [];

    /// <summary>Bytes that the proxy allocated for a stream, in closed loop.</summary>
    public List<double> BytesPerStream { get; } = [];

    /// <summary>Microseconds of processor time of the proxy for a stream, in closed loop.</summary>
    public List<double> MicrosPerStream { get; } = [];

    /// <summary>Answers that were no 200, over all phases.</summary>
    public long Errors => Closed.Concat(Paced).Concat(Streams).Concat(PacedStreams).Sum(result => result.Errors);

    /// <summary>The median over the rounds.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
