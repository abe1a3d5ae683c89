using System.CommandLine;
using System.Globalization;
using System.Reflection;
using ApiShield.Benchmarks.Load;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace ApiShield.Benchmarks.Engine;

/// <summary>The command `engine`: what the stages cost without a server around them, and whether each keeps to its budget.</summary>
internal static class EngineCommand
{
    /// <summary>
    /// Bytes that the harness allocates in this process beside all the operations that it counts. Long operations are too few for it to vanish among
    /// them; what they allocate shows in the short ones of the same code.
    /// </summary>
    private const long OfTheHarness = 16 * 1024;

    private static readonly Type[] All =
        [typeof(QuotaBenchmarks), typeof(ContentionBenchmarks), typeof(DecisionBenchmarks), typeof(InspectionBenchmarks), typeof(StreamBenchmarks)];

    public static Command Create()
    {
        var filter = new Option<string>("--filter") { Description = "Only benchmarks whose name contains this.", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var command = new Command("engine", "Time and bytes of the engine's stages. Exit status 1 if a benchmark exceeds its budget.") { filter };
        command.SetAction(parsed => Run(parsed.GetValue(filter) ?? ""));
        return command;
    }

    private static int Run(string filter)
    {
        var job = Job.Default.WithToolchain(InProcessEmitToolchain.DontLogOutput).WithWarmupCount(4).WithIterationCount(6)
            .WithIterationTime(Perfolizer.Horology.TimeInterval.FromMilliseconds(150));
        var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(NullLogger.Instance).WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "apishield-benchmarks"))
            .AddFilter(new BenchmarkDotNet.Filters.SimpleFilter(one => one.Descriptor.WorkloadMethod.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)));

        Console.WriteLine(Machine.Line());
        Console.WriteLine($"{"benchmark",-44}{"ns",12}{"a second",14}{"bytes",10}{"budget",10}");
        var broken = 0;
        foreach (var type in All)
            foreach (var report in BenchmarkRunner.Run(type, config).Reports) broken += Print(report);
        Console.WriteLine(broken == 0 ? "All within budget." : string.Create(CultureInfo.InvariantCulture, $"{broken} beyond their budget."));
        return broken == 0 ? 0 : 1;
    }

    /// <summary>Prints a line and returns 1 if it is beyond its budget.</summary>
    private static int Print(BenchmarkReport report)
    {
        var method = report.BenchmarkCase.Descriptor.WorkloadMethod;
        var budget = method.GetCustomAttribute<BudgetAttribute>() ?? throw new InvalidOperationException($"{method.Name} has no budget.");
        var name = method.Name + (report.BenchmarkCase.HasParameters ? $"({report.BenchmarkCase.Parameters.ValueInfo})" : "");
        if (report.ResultStatistics is not { } statistics)
        {
            Console.WriteLine($"{name,-44}did not run");
            return 1;
        }

        var allocated = report.GcStats.GetTotalAllocatedBytes(excludeAllocationQuantumSideEffects: false) ?? long.MaxValue;
        var operations = Math.Max(1, report.GcStats.TotalOperations);
        var bytes = Math.Max(0, allocated - OfTheHarness) / operations;
        var perSecond = 1e9 / statistics.Median;
        var isBroken = bytes > budget.Bytes || allocated > (budget.Bytes * operations) + OfTheHarness || perSecond < budget.LeastPerSecond;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-44}{statistics.Median,12:0.0}{perSecond,14:0}{bytes,10}{budget.Bytes,10}{(isBroken ? "  BEYOND BUDGET" : "")}"));
        return isBroken ? 1 : 0;
    }
}
