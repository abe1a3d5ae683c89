using System.Globalization;
using System.Runtime.InteropServices;

namespace ApiShield.Benchmarks.Load;

/// <summary>The line that says where figures were made.</summary>
internal static class Machine
{
    public static string Line()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024);
        return string.Create(CultureInfo.InvariantCulture,
            $"{Processor()}, {Environment.ProcessorCount} cores, {memory:0} GB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}{Busy()}");
    }

    private static string Processor()
    {
        const string file = "/proc/cpuinfo";
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    /// <summary>Who else is at work: figures made beside a build say little.</summary>
    private static string Busy() => File.Exists("/proc/loadavg") ? $", load before the run {File.ReadAllText("/proc/loadavg").Split(' ')[0]}" : "";
}
