using Spectre.Console;

namespace ApiShield.Proxy.Demo;

/// <summary>The demo from start to summary: callers that call and a table that shows what becomes of them.</summary>
internal static class DemoRun
{
    private const string Resource = "demo-rules.yaml";

    /// <summary>The rules that the demo's proxy should hold: YAML of a rule file.</summary>
    public static string Rules()
    {
        using var stream = typeof(DemoRun).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program was built without its resource {Resource}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Runs callers against a proxy until the duration is over or the run is cancelled, then writes a summary.</summary>
    /// <param name="proxy">Base address of the proxy.</param>
    /// <param name="callers">Who calls; <see cref="DemoCaller.All"/> unless there is a reason.</param>
    /// <param name="duration">How long, or null for until cancelled.</param>
    /// <param name="console">Where to show it.</param>
    /// <param name="clock">The clock of everything.</param>
    /// <param name="cancellation">Ends the demo early; that is no error.</param>
    /// <returns>The final numbers, one for each caller.</returns>
    public static async Task<IReadOnlyList<DemoTally>> RunAsync(
        Uri proxy, IReadOnlyList<DemoCaller> callers, TimeSpan? duration, IAnsiConsole console, TimeProvider clock, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(duration ?? Timeout.InfiniteTimeSpan, clock);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        using var running = new DemoCallers(proxy, callers, clock);
        var table = new DemoTable(running.Tallies, console, clock);
        await Task.WhenAll(running.RunAsync(over.Token), table.ShowAsync(over.Token));
        table.Summarize();
        return running.Tallies;
    }
}
