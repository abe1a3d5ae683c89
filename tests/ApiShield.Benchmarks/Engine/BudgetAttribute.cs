namespace ApiShield.Benchmarks.Engine;

/// <summary>What a benchmark may cost; a run in which one costs more fails.</summary>
/// <param name="bytes">The most bytes allocated by one operation.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BudgetAttribute(long bytes) : Attribute
{
    /// <summary>The most bytes allocated by one operation.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>The least operations a second on one core; 0 for any.</summary>
    public double LeastPerSecond { get; init; }
}
