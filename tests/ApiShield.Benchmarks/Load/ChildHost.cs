using System.CommandLine;
using System.Globalization;

namespace ApiShield.Benchmarks.Load;

/// <summary>The side of a process that the load run starts: says its port, answers a line with its vitals, and ends with its standard input.</summary>
internal static class ChildHost
{
    /// <summary>A command that serves until its standard input ends.</summary>
    /// <param name="name">The command.</param>
    /// <param name="description">What it is.</param>
    /// <param name="start">Starts it, from the command's arguments; returns its port and what to dispose.</param>
    public static Command Command(string name, string description, Func<string[], CancellationToken, Task<(int Port, object Running)>> start)
    {
        var arguments = new Argument<string[]>("arguments") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(name, description) { arguments };
        command.Hidden = true;
        command.SetAction(async (parsed, cancel) =>
        {
            var (port, running) = await start(parsed.GetValue(arguments) ?? [], cancel);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {port}"));
            while (await Console.In.ReadLineAsync(cancel) is not null) Console.WriteLine(ProcessVitals.Now().ToLine());
            if (running is IAsyncDisposable later) await later.DisposeAsync();
            else (running as IDisposable)?.Dispose();
            return 0;
        });
        return command;
    }
}
