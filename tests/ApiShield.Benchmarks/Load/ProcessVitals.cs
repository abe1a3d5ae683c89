using System.Text.Json;

namespace ApiShield.Benchmarks.Load;

/// <summary>What a process has used so far.</summary>
/// <param name="AllocatedBytes">Bytes of managed memory allocated.</param>
/// <param name="CpuSeconds">Processor time of all its threads, in the kernel too.</param>
/// <param name="Collections">Garbage collections of any generation.</param>
internal sealed record ProcessVitals(long AllocatedBytes, double CpuSeconds, int Collections)
{
    /// <summary>Those of this process.</summary>
    public static ProcessVitals Now() => new(GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime.TotalSeconds, GC.CollectionCount(0));

    public static ProcessVitals Parse(string line) => JsonSerializer.Deserialize<ProcessVitals>(line)!;

    public string ToLine() => JsonSerializer.Serialize(this);
}
