using System.CommandLine;
using System.Globalization;
using System.Text;
using ApiShield.Enforcement;
using ApiShield.Proxy.Hosting;
using ApiShield.Proxy.Simulation;
using ApiShield.Rules;
using Spectre.Console;

namespace ApiShield.Proxy.CommandLine;

/// <summary>The command line of the program.</summary>
internal static class Commands
{
    private const int BadUsage = 2;

    /// <summary>All commands; without one the program serves.</summary>
    public static RootCommand Root()
    {
        var host = new HostArguments();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Log warnings and errors only." };
        var root = new RootCommand(
            "ApiShield stands in front of model APIs and holds quotas on requests and tokens. Without a command it serves until Ctrl-C: traffic on :8080, "
            + "health, metrics and quotas on :8081. Every setting can also stand in the configuration file, section ApiShield, or in the environment, "
            + "such as ApiShield__Redis; the command line wins.");
        host.AddTo(root);
        root.Options.Add(quiet);
        root.SetAction((parsed, cancel) => Guard(() => ServeCommand.RunAsync(LoadedSettings.Load(host.ConfigFile(parsed), host.Overrides(parsed)), parsed.GetValue(quiet), cancel)));

        root.Subcommands.Add(Demo());
        root.Subcommands.Add(Simulate());
        root.Subcommands.Add(Check());
        root.Subcommands.Add(HashKey());
        return root;
    }

    private static Command Demo()
    {
        var duration = new Option<string?>("--duration") { Description = "How long to run, such as 30s or 5m. Default: until Ctrl-C.", HelpName = "TIME" };
        var command = new Command("demo",
            "Runs the proxy before the built-in simulator on free ports, with live callers: honest ones of several kinds and one far over its quota. "
            + "Shows who is admitted, who is refused and why.") { duration };
        command.SetAction((parsed, cancel) => Guard(() => DemoCommand.RunAsync(parsed.GetValue(duration), cancel)));
        return command;
    }

    private static Command Simulate()
    {
        var listen = new Option<string>("--listen") { Description = "Where to listen.", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:8082" };
        var delay = new Option<double>("--delay-per-token") { Description = "Milliseconds between two tokens of an answer.", HelpName = "MS" };
        var command = new Command("simulate", "Runs the model simulator alone: an OpenAI-style API whose answers are made up and say so.") { listen, delay };
        command.SetAction((parsed, cancel) => Guard(async () =>
        {
            await using var simulator = ModelSimulator.Create(new SimulatorOptions
            {
                Url = parsed.GetRequiredValue(listen),
                DelayPerTokenMs = parsed.GetValue(delay),
            });
            await simulator.StartAsync(cancel);
            AnsiConsole.WriteLine($"The model simulator listens on {simulator.Urls.First()}; Ctrl-C ends it.");
            await simulator.WaitForShutdownAsync(cancel);
            return 0;
        }));
        return command;
    }

    private static Command Check()
    {
        var files = new Argument<string[]>("files") { Description = "Rule files.", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var command = new Command("check", "Checks rule files and prints every error and warning with its line and column. Exit status 0 without errors, else 1.") { files };
        command.SetAction(parsed =>
        {
            var failed = false;
            foreach (var file in parsed.GetRequiredValue(files))
            {
                var compilation = RuleFile.Load(file);
                foreach (var diagnostic in compilation.Diagnostics) Console.Out.WriteLine(diagnostic);
                failed |= compilation.Rules is null;
                if (compilation.Rules is { } rules) Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {rules.Quotas.Count} quotas, revision {rules.Revision}"));
            }
            return failed ? 1 : 0;
        });
        return command;
    }

    private static Command HashKey()
    {
        var key = new Option<string>("--identity-key-file") { Description = "File with the identity key.", HelpName = "FILE", Required = true };
        var command = new Command("hash-key", "Reads an API key from standard input and prints the hash under which callers.accounts lists it (keyHashes).") { key };
        command.SetAction((parsed, cancel) => Guard(async () =>
        {
            var file = parsed.GetRequiredValue(key);
            if (!File.Exists(file)) throw new SettingsException($"The identity key file {file} does not exist.");
            var identity = new IdentityKey(Encoding.UTF8.GetBytes((await File.ReadAllTextAsync(file, cancel)).Trim()));
            var apiKey = (await Console.In.ReadLineAsync(cancel))?.Trim();
            if (string.IsNullOrEmpty(apiKey)) throw new SettingsException("No API key on standard input.");
            await Console.Out.WriteLineAsync(identity.HashApiKey(apiKey));
            return 0;
        }));
        return command;
    }

    /// <summary>Turns what is wrong with the settings into a message and exit status 2.</summary>
    private static async Task<int> Guard(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception error) when (error is SettingsException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"apishield: {error.Message}");
            return BadUsage;
        }
    }
}
