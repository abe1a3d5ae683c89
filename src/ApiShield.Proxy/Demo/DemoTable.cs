using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ApiShield.Proxy.Demo;

/// <summary>Shows the demo: a live table on a terminal, plain lines elsewhere.</summary>
internal sealed class DemoTable(IReadOnlyList<DemoTally> tallies, IAnsiConsole console, TimeProvider clock)
{
    private static readonly TimeSpan LiveEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LinesEvery = TimeSpan.FromSeconds(5);

    /// <summary>Terminals below this many columns get a table without plans and remaining amounts.</summary>
    private const int WideEnough = 120;

    private readonly long _start = clock.GetTimestamp();

    /// <summary>Shows the numbers until cancelled.</summary>
    public async Task ShowAsync(CancellationToken cancellation)
    {
        try
        {
            if (!IsLive)
            {
                using var timer = new PeriodicTimer(LinesEvery, clock);
                while (await timer.WaitForNextTickAsync(cancellation)) WriteLines();
                return;
            }

            await console.Live(Build("Ctrl-C ends it.")).StartAsync(async live =>
            {
                using var timer = new PeriodicTimer(LiveEvery, clock);
                try
                {
                    while (await timer.WaitForNextTickAsync(cancellation)) live.UpdateTarget(Build("Ctrl-C ends it."));
                }
                finally
                {
                    live.UpdateTarget(Build("Over."));
                }
            });
        }
        catch (OperationCanceledException)
        {
            // The demo is over.
        }
    }

    private bool IsLive => console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal;

    /// <summary>Writes the final numbers; on a terminal the table with them still stands there.</summary>
    public void Summarize()
    {
        if (!IsLive) console.Write(Build("Over."));
        var all = tallies.Select(tally => tally.Now).ToArray();
        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Elapsed()}: {all.Sum(one => one.Sent)} requests, {all.Sum(one => one.Admitted)} admitted, {all.Sum(one => one.Refused)} refused, "
            + $"{all.Sum(one => one.Failed)} failed, {all.Sum(one => one.Tokens)} output tokens."));
    }

    private void WriteLines()
    {
        foreach (var tally in tallies)
        {
            var now = tally.Now;
            var refusal = now.LastReason is null ? "" : $", last: {Last(now, whole: true)}";
            console.Profile.Out.Writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Elapsed()} {tally.Caller.Name} ({Kind(tally.Caller.Kind)}, {tally.Caller.Plan}): sent {now.Sent}, admitted {now.Admitted}, "
                + $"refused {now.Refused}, failed {now.Failed}, tokens {now.Tokens}{refusal}"));
        }

        console.Profile.Out.Writer.Flush();
    }

    private Table Build(string state)
    {
        var wide = console.Profile.Width >= WideEnough;

        // Room for the ^C that a terminal shows: on a full line it would push the table down by one.
        var table = new Table().Border(TableBorder.Rounded).Width(Math.Max(console.Profile.Width - 3, 40));
        table.Title = new TableTitle($"ApiShield demo, {Elapsed()}. {state}");
        table.AddColumn(new TableColumn("caller").NoWrap());
        if (wide) table.AddColumn(new TableColumn("kind").NoWrap());
        if (wide) table.AddColumn(new TableColumn("plan").NoWrap());
        foreach (var name in (string[])["sent", "admitted", "refused", "tokens"]) table.AddColumn(new TableColumn(name).NoWrap().RightAligned());
        if (wide) table.AddColumn(new TableColumn("left: requests / tokens").NoWrap().RightAligned());
        table.AddColumn(new TableColumn("last refusal"));

        foreach (var tally in tallies)
        {
            var now = tally.Now;
            var cells = new List<IRenderable> { new Text(tally.Caller.Name) };
            if (wide) cells.Add(new Text(Kind(tally.Caller.Kind)));
            if (wide) cells.Add(new Text(tally.Caller.Plan));
            cells.Add(Number(now.Sent, null));
            cells.Add(Number(now.Admitted, Color.Green));
            cells.Add(Number(now.Refused, now.Refused > 0 ? Color.Red : null));
            cells.Add(Number(now.Tokens, null));
            if (wide) cells.Add(new Text($"{now.RemainingRequests ?? "-"} / {now.RemainingTokens ?? "-"}"));
            cells.Add(now.LastReason is null ? new Text("") : new Text(Last(now, wide), new Style(Color.Yellow)));
            table.AddRow(cells);
        }

        return table;
    }

    /// <summary>The last refusal; where there is little room, its reason without the figures.</summary>
    private static string Last(DemoTally.Counts now, bool whole)
    {
        var status = now.LastStatus == 0 ? "no answer" : now.LastStatus.ToString(CultureInfo.InvariantCulture);
        var wait = now.RetryAfter is { } after ? string.Create(CultureInfo.InvariantCulture, $", retry after {after.TotalSeconds:0} s") : "";
        return $"{status}{wait}: {(whole ? now.LastReason : now.LastReason?.Split(':')[0])}";
    }

    private static Text Number(long value, Color? color)
    {
        var number = value.ToString("N0", CultureInfo.InvariantCulture);
        return color is { } shown ? new Text(number, new Style(shown)) : new Text(number);
    }

    private static string Kind(DemoCallerKind kind) => kind switch
    {
        DemoCallerKind.ChatUser => "chat user",
        DemoCallerKind.SupportBot => "support bot",
        DemoCallerKind.BatchLabeller => "batch labels",
        DemoCallerKind.CodingAgent => "coding agent",
        _ => "far over quota",
    };

    private string Elapsed() => clock.GetElapsedTime(_start).ToString(@"mm\:ss", CultureInfo.InvariantCulture);
}
