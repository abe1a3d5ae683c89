using System.Diagnostics;
using System.Globalization;

namespace ApiShield.Benchmarks.Load;

/// <summary>A process of the load run, started from this program and ended with it: it stops when its standard input closes.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    /// <summary>Where it listens; 0 if it does not.</summary>
    public int Port { get; private set; }

    /// <summary>Starts this program with a subcommand and waits until it is ready.</summary>
    /// <param name="cores">The processors it may use; null for all.</param>
    /// <param name="inlineCompletions">
    /// Whether sockets call back on the thread that polls them: cheapest for the ends of the run, and never used for a proxy.
    /// </param>
    /// <param name="arguments">Subcommand and arguments.</param>
    public static async Task<ChildProcess> StartAsync(string? cores, bool inlineCompletions, params string[] arguments)
    {
        string[] program = [Environment.ProcessPath!, .. arguments];
        if (cores is not null) program = ["taskset", "-c", cores, .. program];
        var start = new ProcessStartInfo(program[0], program[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        // On one processor the runtime waits ten times as long, a second without a new method, before it optimizes: longer than a warm-up.
        start.Environment["DOTNET_TC_DelaySingleProcMultiplier"] = "1";
        if (inlineCompletions)
        {
            start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
            start.Environment["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1";
        }

        var child = new ChildProcess(Process.Start(start)!);
        var ready = await child.ReadAsync();
        while (!ready.StartsWith("ready ", StringComparison.Ordinal)) ready = await child.ReadAsync(); // Before it stands what the program logs.
        child.Port = int.Parse(ready.AsSpan(6), CultureInfo.InvariantCulture);
        return child;
    }

    /// <summary>Sends a line and returns the line that answers it.</summary>
    public async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await ReadAsync();
    }

    /// <summary>What it has used so far.</summary>
    public async Task<ProcessVitals> VitalsAsync() => ProcessVitals.Parse(await AskAsync("vitals"));

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }
        _process.Dispose();
    }

    private async Task<string> ReadAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("A process of the run has ended early.");
}
