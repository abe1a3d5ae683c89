using System.CommandLine;
using ApiShield.Proxy.Hosting;
using Microsoft.Extensions.Logging;

namespace ApiShield.Benchmarks.Load;

/// <summary>The program as it is, from a configuration file of the run.</summary>
internal static class ShieldProxy
{
    public static Command Command() => ChildHost.Command("shield", "ApiShield.", static async (arguments, cancel) =>
    {
        var overrides = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (arguments.Length > 1) overrides["ApiShield:Redis"] = arguments[1];
        var host = await ShieldHost.StartAsync(LoadedSettings.Load(arguments[0], overrides), Log, cancel);
        return (host.Address.Port, host);
    });

    /// <summary>What `apishield` logs when it serves.</summary>
    public static void Log(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(static console => console.SingleLine = true);
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Yarp", LogLevel.Warning);
    }
}
