using System.Runtime;
using System.Text.Json;

namespace ApiShield.Benchmarks.Load;

/// <summary>What a process has used so far.</summary>
/// <param name="AllocatedBytes">Bytes of managed memory allocated.</param>
/// <param name="CpuSeconds">Processor time of all its threads, in the kernel too.</param>
/// <param name="CompiledMethods">Methods compiled, each time that one is: while this grows, the process is not warm.</param>
internal sealed record ProcessVitals(long AllocatedBytes, double CpuSeconds, long CompiledMethods)
{
    /// <summary>Those of this process.</summary>
    public static ProcessVitals Now() => new(GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime.TotalSeconds, JitInfo.GetCompiledMethodCount());

    public static ProcessVitals Parse(string line) => JsonSerializer.Deserialize<ProcessVitals>(line)!;

    public string ToLine() => JsonSerializer.Serialize(this);
}
