using System.Globalization;
using ApiShield.Proxy.Hosting;
using Microsoft.Extensions.Logging.Console;

namespace ApiShield.Proxy.CommandLine;

/// <summary>Serves until stopped, and says at the start where and what.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(LoadedSettings loaded, bool quiet, CancellationToken cancel)
    {
        await using var host = await ShieldHost.StartAsync(loaded, logging => Log(logging, quiet), cancel);
        foreach (var line in Banner(host)) await Console.Out.WriteLineAsync(line);
        await host.WaitForShutdownAsync(cancel);
        return 0;
    }

    private static void Log(ILoggingBuilder logging, bool quiet)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.UseUtcTimestamp = true;
        });
        // A flood of refusals must not wait for a slow terminal.
        logging.Services.Configure<ConsoleLoggerOptions>(static console => console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite);
        logging.SetMinimumLevel(quiet ? LogLevel.Warning : LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Yarp", LogLevel.Warning);
    }

    private static IEnumerable<string> Banner(ShieldHost host)
    {
        var loaded = host.Loaded;
        var clusters = loaded.Configuration.GetSection("ReverseProxy:Clusters").GetChildren()
            .SelectMany(cluster => cluster.GetSection("Destinations").GetChildren())
            .Select(destination => destination["Address"]);
        yield return string.Create(CultureInfo.InvariantCulture, $"ApiShield {typeof(ServeCommand).Assembly.GetName().Version?.ToString(3)}");
        yield return $"  traffic   {host.Address}  ->  {string.Join(", ", clusters)}{(host.Simulator is null ? "" : "  (the built-in model simulator: answers are made up)")}";
        yield return $"  admin     {host.AdminAddress}  (health/ready, metrics, rules, quotas/ACCOUNT)";
        yield return $"  rules     {loaded.RulesPath}  ({loaded.Rules.Quotas.Count.ToString(CultureInfo.InvariantCulture)} quotas, revision {loaded.Rules.Revision})";
        yield return $"  store     {(loaded.Settings.Redis.Length == 0 ? "in this process" : "Redis")}";
        if (loaded.IdentityIsForThisRun) yield return "  identity  a key made for this run: unnamed accounts get other names after a restart";
        if (!host.AdminAddress.IsLoopback) yield return "  WARNING   the admin port asks for no credentials and does not listen on loopback only";
        foreach (var warning in loaded.Warnings) yield return warning;
        yield return "";
        yield return "Try it:";
        yield return $"  curl -i {host.Address}v1/chat/completions -H 'authorization: Bearer my-key' -H 'content-type: application/json' \\";
        yield return """    -d '{"model": "sim-small", "messages": [{"role": "user", "content": "What is a sliding window?"}]}'""";
        yield return "";
    }
}
