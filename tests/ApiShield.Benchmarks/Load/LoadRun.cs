using System.Diagnostics;
using System.Globalization;
using ApiShield.TestKit.Redis;

namespace ApiShield.Benchmarks.Load;

/// <summary>One run: starts every process, warms each proxy, and measures them in turns, forwards and backwards, so that a slow drift of the machine cancels.</summary>
internal sealed class LoadRun : IAsyncDisposable
{
    /// <summary>The paced phases run at this share of what bare YARP can do: busy, but far from full even for a proxy that does less.</summary>
    private const double Moderate = 0.3;

    private const int MostBursts = 20;

    /// <summary>A burst in which fewer methods are compiled found the proxy warm; so many of them one after the other end the warm-up.</summary>
    private const int FewMethods = 25;
    private const int QuietBursts = 2;

    private readonly LoadOptions _options;
    private readonly Stack<IAsyncDisposable> _running = new();
    private readonly List<(string Name, ChildProcess Proxy, LegFigures Figures)> _legs = [];
    private readonly LegFigures _direct = new();
    private ChildProcess _upstream = null!;
    private ChildProcess _generator = null!;
    private RunFiles _files = null!;

    private LoadRun(LoadOptions options) => _options = options;

    /// <summary>The proxy has the first half of the processors and everything else the second; null if all share them.</summary>
    private (string Proxy, string Ends)? Split
    {
        get
        {
            if (!_options.Pinned) return null;
            var half = Environment.ProcessorCount / 2;
            return (Cores(0, half - 1), Cores(half, Environment.ProcessorCount - 1));

            static string Cores(int first, int last) => string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");
        }
    }

    public static async Task<LoadReport> RunAsync(LoadOptions options, CancellationToken cancel)
    {
        var machine = Machine.Line();
        await using var run = new LoadRun(options);
        await run.StartAsync();
        var (rate, streamRate) = await run.WarmUpAsync();
        for (var round = 0; round < options.Rounds; round++)
        {
            cancel.ThrowIfCancellationRequested();
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"round {round + 1} of {options.Rounds}"));
            await run.MeasureAsync(round, rate, streamRate);
        }
        return new LoadReport(machine, run.Split, run._direct, [.. run._legs.Select(static leg => (leg.Name, leg.Figures))], rate, streamRate);
    }

    public async ValueTask DisposeAsync()
    {
        while (_running.TryPop(out var one)) await one.DisposeAsync();
        _files?.Dispose();
    }

    private async Task StartAsync()
    {
        await Console.Error.WriteLineAsync("starting");
        _upstream = await StartAsync(Split?.Ends, inlineCompletions: true, "upstream");
        _generator = await StartAsync(Split?.Ends, inlineCompletions: true, "generate");
        _files = new RunFiles(_upstream.Port);
        await AddLegAsync(LoadReport.Bare, "bare", _files.Configuration);
        if (_options.Store is null or LoadReport.InProcess) await AddLegAsync(LoadReport.InProcess, "shield", _files.Configuration);
        if (_options.Store is null or LoadReport.Redis)
        {
            var redis = await RedisServer.StartAsync();
            _running.Push(redis);
            if (Split is { } split) await PinAsync(redis.ProcessId, split.Ends);
            await AddLegAsync(LoadReport.Redis, "shield", _files.Configuration, redis.Configuration);
        }
    }

    /// <summary>Moves a running process, all its threads, to these processors.</summary>
    private static async Task PinAsync(int process, string cores)
    {
        var start = new ProcessStartInfo("taskset", ["-acp", cores, process.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        using var tool = Process.Start(start)!;
        await tool.StandardOutput.ReadToEndAsync();
        await tool.WaitForExitAsync();
    }

    private async Task AddLegAsync(string name, params string[] arguments) =>
        _legs.Add((name, await StartAsync(Split?.Proxy, inlineCompletions: false, arguments), new LegFigures()));

    private async Task<ChildProcess> StartAsync(string? cores, bool inlineCompletions, params string[] arguments)
    {
        var child = await ChildProcess.StartAsync(cores, inlineCompletions, arguments);
        _running.Push(child);
        return child;
    }

    /// <summary>Runs every path until the compiler has done its best, and finds the rates of the paced phases.</summary>
    private async Task<(double Rate, double StreamRate)> WarmUpAsync()
    {
        await Console.Error.WriteLineAsync("warming up");
        double rate = 0, streamRate = 0;
        await RunAsync(_upstream.Port, stream: false, 0, 1);
        await RunAsync(_upstream.Port, stream: true, 0, 1);
        foreach (var (name, proxy, _) in _legs)
        {
            var quiet = 0;
            var compiled = await BurstAsync(proxy);
            for (var burst = 1; burst < MostBursts && quiet < QuietBursts; burst++)
            {
                var before = compiled;
                compiled = await BurstAsync(proxy);
                quiet = compiled - before < FewMethods ? quiet + 1 : 0;
            }
            if (quiet < QuietBursts) await Console.Error.WriteLineAsync($"{name} is still compiling: the machine is busy, and the figures will be too low");
            if (name != LoadReport.Bare) continue;
            rate = (await RunAsync(proxy.Port, stream: false, 0, 1)).PerSecond * Moderate;
            streamRate = (await RunAsync(proxy.Port, stream: true, 0, 1)).PerSecond * Moderate;
        }
        return (Math.Max(rate, 1), Math.Max(streamRate, 1));
    }

    /// <summary>Load of both kinds and a pause, in which the compiler finds time; returns how many methods have been compiled since the start.</summary>
    private async Task<long> BurstAsync(ChildProcess proxy)
    {
        await RunAsync(proxy.Port, stream: false, 0, 0.5);
        await RunAsync(proxy.Port, stream: true, 0, 0.3);
        await Task.Delay(200);
        return (await proxy.VitalsAsync()).CompiledMethods;
    }

    private async Task MeasureAsync(int round, double rate, double streamRate)
    {
        var seconds = _options.Seconds;
        _direct.Closed.Add(await RunAsync(_upstream.Port, stream: false, 0, seconds / 2));
        _direct.Streams.Add(await RunAsync(_upstream.Port, stream: true, 0, seconds / 2));

        // Each kind of load on one leg after the other, so that what is compared lies close together in time.
        await EachLegAsync(round, async (proxy, figures) =>
            figures.Closed.Add(await WatchedAsync(proxy, stream: false, figures.BytesPerRequest, figures.MicrosPerRequest)));
        await EachLegAsync(round, async (proxy, figures) => figures.Paced.Add(await RunAsync(proxy.Port, stream: false, rate, seconds)));
        await EachLegAsync(round, async (proxy, figures) =>
            figures.Streams.Add(await WatchedAsync(proxy, stream: true, figures.BytesPerStream, figures.MicrosPerStream)));
        await EachLegAsync(round, async (proxy, figures) => figures.PacedStreams.Add(await RunAsync(proxy.Port, stream: true, streamRate, seconds)));
    }

    private async Task EachLegAsync(int round, Func<ChildProcess, LegFigures, Task> measure)
    {
        for (var i = 0; i < _legs.Count; i++)
        {
            var leg = _legs[round % 2 == 0 ? i : _legs.Count - 1 - i];
            await measure(leg.Proxy, leg.Figures);
        }
    }

    private async Task<LoadResult> WatchedAsync(ChildProcess proxy, bool stream, List<double> bytes, List<double> micros)
    {
        var before = await proxy.VitalsAsync();
        var result = await RunAsync(proxy.Port, stream, 0, _options.Seconds);
        var after = await proxy.VitalsAsync();

        // The answers of the first tenth are not in the result, but their cost is in the vitals.
        var answers = result.PerSecond * _options.Seconds * 1.1;
        bytes.Add((after.AllocatedBytes - before.AllocatedBytes) / answers);
        micros.Add((after.CpuSeconds - before.CpuSeconds) * 1_000_000 / answers);
        return result;
    }

    private async Task<LoadResult> RunAsync(int port, bool stream, double rate, double seconds) =>
        LoadResult.Parse(await _generator.AskAsync(new LoadPhase(port, stream, _options.Connections, rate, seconds).ToLine()));
}
