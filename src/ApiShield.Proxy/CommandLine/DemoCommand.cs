using System.Globalization;
using ApiShield.Enforcement;
using ApiShield.Proxy.Demo;
using ApiShield.Proxy.Hosting;
using ApiShield.Rules;
using Spectre.Console;

namespace ApiShield.Proxy.CommandLine;

/// <summary>Runs the proxy before the simulator on free ports and sends it the demo's callers.</summary>
internal static class DemoCommand
{
    private const string RulesResource = "demo-rules.yaml";
    private const string FreePort = "http://127.0.0.1:0";

    public static async Task<int> RunAsync(string? duration, CancellationToken cancel)
    {
        var time = duration is null ? (TimeSpan?)null : Parse(duration);
        await using var host = await ShieldHost.StartAsync(Settings(), static logging => logging.ClearProviders(), cancel);
        AnsiConsole.MarkupLineInterpolated($"ApiShield demo: proxy on {host.Address}, metrics on {host.AdminAddress}metrics, before the built-in simulator.");
        await DemoRun.RunAsync(host.Address, DemoCaller.All, time, AnsiConsole.Console, TimeProvider.System, cancel);
        return 0;
    }

    private static LoadedSettings Settings()
    {
        var identity = IdentityKey.Random();
        using var resource = typeof(DemoCommand).Assembly.GetManifestResourceStream(RulesResource)!;
        using var reader = new StreamReader(resource);
        var compilation = RuleFile.Parse(RulesResource, reader.ReadToEnd());
        var rules = compilation.Rules ?? throw new SettingsException(string.Join(Environment.NewLine, compilation.Diagnostics));
        rules = new RuleSet(rules.Revision, rules.Quotas)
        {
            DefaultPlan = rules.DefaultPlan,
            Accounts = [.. DemoCaller.All.Select(caller => new AccountEntry(caller.Name, null, caller.Plan, [identity.HashApiKey(caller.ApiKey)]))],
        };

        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ReverseProxy:Routes:openai:ClusterId"] = "models",
            ["ReverseProxy:Routes:openai:Match:Path"] = "/v1/{**rest}",
            ["ReverseProxy:Routes:openai:Metadata:apishield.dialect"] = "openai-chat",
            ["ReverseProxy:Clusters:models:Destinations:simulator:Address"] = FreePort,
        }).Build();
        var settings = new ShieldSettings { Listen = FreePort, AdminListen = FreePort, Simulator = new SimulatorSettings { Listen = FreePort } };
        return new LoadedSettings(settings, configuration, RulesResource, rules, [], identity, IdentityIsForThisRun: true, []);
    }

    private static TimeSpan Parse(string text)
    {
        var factor = text.Length < 2 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        return factor > 0 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0
            ? TimeSpan.FromSeconds(number * factor)
            : throw new SettingsException($"--duration: '{text}' is no time such as 30s, 5m or 1h.");
    }
}
