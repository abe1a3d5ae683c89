using System.CommandLine;
using System.Globalization;

namespace ApiShield.Benchmarks.Load;

/// <summary>The command `load`: the whole proxy against bare YARP in one run.</summary>
internal static class LoadCommand
{
    private const int Void = 3;
    private const int Missed = 1;

    public static Command Create()
    {
        var seconds = new Option<double>("--seconds") { Description = "Length of one measurement in seconds.", HelpName = "S", DefaultValueFactory = static _ => 2 };
        var connections = new Option<int>("--connections") { Description = "Connections of the load generator.", HelpName = "N", DefaultValueFactory = static _ => 32 };
        var rounds = new Option<int>("--rounds") { Description = "How often each leg is measured, in turns; medians are reported.", HelpName = "N", DefaultValueFactory = static _ => 4 };
        var store = new Option<string?>("--store") { Description = "Only this store: in-process or redis. Default: both.", HelpName = "STORE" };
        store.AcceptOnlyFromAmong("in-process", "redis");
        var unpinned = new Option<bool>("--unpinned") { Description = "Let all processes share all processors. Otherwise the proxy has the first half to itself." };
        var command = new Command("load",
            "Throughput, latency and time to first token of the whole proxy against bare YARP. Exit status 0: every ratio is met; 1: one is not; 3: the run is void.")
        {
            seconds, connections, rounds, store, unpinned,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var options = new LoadOptions(
                Math.Clamp(parsed.GetValue(seconds), 0.2, 60), Math.Clamp(parsed.GetValue(connections), 1, 1024), Math.Clamp(parsed.GetValue(rounds), 1, 50),
                parsed.GetValue(store), !parsed.GetValue(unpinned) && Environment.ProcessorCount > 1 && File.Exists("/usr/bin/taskset"));
            return Report(await LoadRun.RunAsync(options, cancel), options);
        });
        return command;
    }

    private static int Report(LoadReport report, LoadOptions options)
    {
        Console.WriteLine();
        Console.WriteLine(report.Machine);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{options.Rounds} rounds of {options.Seconds:0.#} s, {options.Connections} connections; medians of the rounds; processors: {(report.Split is { } split ? $"proxy on {split.Proxy}, the rest on {split.Ends}" : "shared by all")}."));
        LoadTable.Write(Console.Out, report);

        if (report.Errors > 0)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"VOID: {report.Errors} answers were no 200 or broke off."));
            return Void;
        }
        if (report.Headroom < LoadReport.LeastHeadroom)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"VOID: the upstream alone sustains {report.Headroom:0.0} times bare YARP, and {LoadReport.LeastHeadroom:0.0} times is the least with which the ends of the run can be neglected."));
            return Void;
        }

        var missed = false;
        foreach (var (leg, least) in report.Targets())
        {
            var ratio = report.ThroughputRatio(leg);
            missed |= ratio < least;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{leg}: {ratio:0.00} of bare YARP's throughput, target {least:0.00}: {(ratio < least ? "MISSED" : "met")}."));
        }
        return missed ? Missed : 0;
    }
}
