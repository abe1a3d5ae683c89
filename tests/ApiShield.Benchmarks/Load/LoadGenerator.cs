using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ApiShield.Benchmarks.Load;

/// <summary>Sends the load of one phase and measures what comes back.</summary>
internal sealed class LoadGenerator(LoadPhase phase)
{
    private readonly LatencyHistogram _whole = new();
    private readonly LatencyHistogram _first = new();
    private readonly ConcurrentQueue<long> _waiting = new();
    private readonly ConcurrentStack<LoadConnection> _idle = new();
    private long _errors;
    private long _countFrom;
    private long _end;
    private long _inFlight;

    public static Command Command()
    {
        var command = new Command("generate", "The load generator of a load run.") { Hidden = true };
        command.SetAction(static async (_, cancel) =>
        {
            Console.WriteLine("ready 0");
            while (await Console.In.ReadLineAsync(cancel) is { } line)
                Console.WriteLine((await new LoadGenerator(LoadPhase.Parse(line)).RunAsync()).ToLine());
            return 0;
        });
        return command;
    }

    private async Task<LoadResult> RunAsync()
    {
        var connections = new LoadConnection[phase.Connections];
        for (var i = 0; i < connections.Length; i++)
        {
            connections[i] = new LoadConnection(ChatTraffic.Request(i % ChatTraffic.Accounts, phase.Stream));
            await connections[i].ConnectAsync(phase.Port);
        }

        var start = Stopwatch.GetTimestamp();
        _countFrom = start + (long)(phase.Seconds * 0.1 * Stopwatch.Frequency);
        _end = _countFrom + (long)(phase.Seconds * Stopwatch.Frequency);
        if (phase.Rate > 0) await RunOpenAsync(connections, start);
        else await Task.WhenAll(connections.Select(RunClosedAsync));

        foreach (var connection in connections) connection.Dispose();
        return new LoadResult(_whole.Total, _errors, _whole.Total / phase.Seconds,
            _whole.Percentile(0.5), _whole.Percentile(0.99), _first.Percentile(0.5), _first.Percentile(0.99));
    }

    private async Task RunClosedAsync(LoadConnection connection)
    {
        while (true)
        {
            var due = Stopwatch.GetTimestamp();
            if (due >= _end || !await TryExchangeAsync(connection, due)) return;
        }
    }

    /// <summary>Sends at the times of a seeded Poisson process; a request that finds no idle connection waits, and its wait counts.</summary>
    private async Task RunOpenAsync(LoadConnection[] connections, long start)
    {
        foreach (var connection in connections) _idle.Push(connection);
        var pacer = new Thread(() => Pace(start)) { IsBackground = true };
        pacer.Start();
        var patience = _end + (5 * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < _end || (Interlocked.Read(ref _inFlight) > 0 && Stopwatch.GetTimestamp() < patience)) await Task.Delay(5);
        pacer.Join();
    }

    private void Pace(long start)
    {
        var random = new Random(20_260_101);
        double due = start;
        while (due < _end)
        {
            due -= Math.Log(1 - random.NextDouble()) / phase.Rate * Stopwatch.Frequency;
            while (Stopwatch.GetTimestamp() < due) Pause();

            Interlocked.Increment(ref _inFlight);
            var arrived = Stopwatch.GetTimestamp();
            if (_idle.TryPop(out var connection)) _ = RunOneAsync(connection, arrived);
            else _waiting.Enqueue(arrived);
        }
    }

    private async Task RunOneAsync(LoadConnection connection, long due)
    {
        while (true)
        {
            var isUsable = await TryExchangeAsync(connection, due);
            Interlocked.Decrement(ref _inFlight);
            if (!isUsable) return;
            if (_waiting.TryDequeue(out due)) continue;

            // A request may have begun to wait just before this connection became idle.
            _idle.Push(connection);
            if (!_waiting.TryDequeue(out due)) return;
            if (_idle.TryPop(out var another))
            {
                connection = another;
                continue;
            }
            _waiting.Enqueue(due); // Others have taken every connection, and will look here when they are done.
            return;
        }
    }

    private async ValueTask<bool> TryExchangeAsync(LoadConnection connection, long due)
    {
        try
        {
            await connection.ExchangeAsync();
        }
        catch (Exception error) when (error is SocketException or InvalidDataException)
        {
            Interlocked.Increment(ref _errors);
            return false;
        }

        var now = Stopwatch.GetTimestamp();
        if (now < _countFrom || now >= _end) return true;
        _whole.Add(now - due);
        _first.Add(connection.FirstByteAt - due);
        return true;
    }

    /// <summary>Sleeps for as short a time as the system can: a tenth of a millisecond, where a thread's own sleep takes ten times that.</summary>
    private static void Pause()
    {
        if (OperatingSystem.IsLinux()) _ = SleepMicroseconds(30);
        else Thread.Yield();
    }

    [DllImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SleepMicroseconds(uint micros);
}
