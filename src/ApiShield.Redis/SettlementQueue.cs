using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Delivers settlements behind the requests' backs: in batches, repeated until Redis has them or they are too old to matter.</summary>
internal sealed partial class SettlementQueue : IAsyncDisposable
{
    private const int MostInARound = 1024;
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly ScriptCaller _caller;
    private readonly RedisConnection _connection;
    private readonly RedisStoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IStoreObserver? _observer;
    private readonly Func<long> _givenMs;
    private readonly Channel<Settlement> _queue;
    private readonly Queue<Settlement> _again = new();
    private readonly List<Settlement> _delivered = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _pump;
    private TaskCompletionSource? _empty;
    private int _pending;
    private long _lost;

    public SettlementQueue(
        ScriptCaller caller, RedisConnection connection, RedisStoreOptions options, TimeProvider clock, ILogger logger, IStoreObserver? observer, Func<long> givenMs)
    {
        _caller = caller;
        _connection = connection;
        _options = options;
        _clock = clock;
        _logger = logger;
        _observer = observer;
        _givenMs = givenMs;
        _queue = Channel.CreateBounded<Settlement>(
            new BoundedChannelOptions(options.SettlementCapacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Lose(1));
        _pump = PumpAsync();
    }

    /// <summary>Settlements that were given up since the start.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Settlements that Redis does not have yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Queues a settlement. Never waits; the oldest makes room if there is none.</summary>
    public void Add(Settlement settlement)
    {
        settlement.QueuedAt = _clock.GetTimestamp();
        Interlocked.Increment(ref _pending);
        if (!_queue.Writer.TryWrite(settlement)) Lose(1); // Only after the shutdown.
    }

    /// <summary>Completes when everything queued so far is delivered or lost.</summary>
    public Task EmptyAsync()
    {
        lock (_lock)
        {
            if (Pending == 0) return Task.CompletedTask;
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }

    /// <summary>Delivers what is queued, within the time that a shutdown allows.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_queue.Writer.TryComplete()) return;
        _stop.CancelAfter(_options.DrainTimeout);
        await _pump.ConfigureAwait(false);
        if (Pending > 0) Lose(Pending);
        _stop.Dispose();
    }

    private async Task PumpAsync()
    {
        await Task.Yield();
        var round = new List<Settlement>();
        var failures = 0;
        try
        {
            while (true)
            {
                round.Clear();
                TakeDue(round);
                while (round.Count < MostInARound && _queue.Reader.TryRead(out var next)) round.Add(next);
                if (round.Count == 0)
                {
                    if (_again.Count == 0)
                    {
                        if (!await _queue.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false)) return;
                        continue;
                    }
                    await WaitForWorkAsync().ConfigureAwait(false);
                    continue;
                }

                // A Redis that failed everything is left alone for a while, so that a queue full of work does not turn into load.
                failures = await DeliverAsync(round).ConfigureAwait(false) ? 0 : failures + 1;
                if (failures > 0) await Task.Delay(Pause(failures), _clock, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Waits until the first repetition is due or something new is queued.</summary>
    private async Task WaitForWorkAsync()
    {
        var first = long.MaxValue;
        foreach (var settlement in _again) first = Math.Min(first, settlement.DueAt);
        var wait = _clock.GetElapsedTime(_clock.GetTimestamp(), first);
        if (wait <= TimeSpan.Zero) return;
        wait = wait < LongestPause ? wait : LongestPause;

        if (_queue.Reader.Completion.IsCompleted || _queue.Reader.Count > 0)
        {
            await Task.Delay(wait, _clock, _stop.Token).ConfigureAwait(false);
            return;
        }
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var delay = Task.Delay(wait, _clock, enough.Token);
        await Task.WhenAny(_queue.Reader.WaitToReadAsync(enough.Token).AsTask(), delay).ConfigureAwait(false);
        await enough.CancelAsync().ConfigureAwait(false);
        _stop.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Moves the repetitions that are due into the round and drops those that are too old.</summary>
    private void TakeDue(List<Settlement> round)
    {
        var now = _clock.GetTimestamp();
        var lost = 0;
        for (var left = _again.Count; left > 0; left--)
        {
            var settlement = _again.Dequeue();
            var life = settlement.Kind == SettlementKind.Renew ? _options.HoldLength : _options.SettlementRetention;
            if (_clock.GetElapsedTime(settlement.QueuedAt, now) > life) lost++;
            else if (settlement.DueAt <= now && round.Count < MostInARound) round.Add(settlement);
            else _again.Enqueue(settlement);
        }
        if (lost > 0) Lose(lost);
    }

    /// <returns>Whether any call got through.</returns>
    private async Task<bool> DeliverAsync(List<Settlement> round)
    {
        var calls = SettlementCall.Plan(round, _delivered, _connection.IsCluster);
        _delivered.Clear();
        var given = _givenMs();
        var answers = new Task<(Exception? Error, RedisResult? Answer)>[calls.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var arguments = calls[i].Build(given, (long)_options.HoldLength.TotalMilliseconds, (long)_options.SettledIdRetention.TotalMilliseconds);
            answers[i] = _caller.DeliverAsync(QuotaScript.Settle, arguments, CallDeadline);
        }

        var anyHeld = false;
        for (var i = 0; i < answers.Length; i++)
        {
            var (error, answer) = await answers[i].ConfigureAwait(false);
            if (error is null)
            {
                anyHeld = true;
                if (answer is not null && (long)answer > 0) Log.Refused(_logger, (long)answer);
                continue;
            }
            foreach (var settlement in calls[i].Settlements) settlement.Failed = true;
            if (!StoreErrors.IsOfTheServer(error)) Log.Failed(_logger, error.Message);
        }

        var delivered = 0;
        foreach (var settlement in round)
        {
            if (settlement.Failed)
            {
                Repeat(settlement);
                continue;
            }
            delivered++;
            if (settlement.LeavesNoRepetition) _delivered.Add(settlement);
        }
        Leave(delivered);
        return anyHeld;
    }

    private void Repeat(Settlement settlement)
    {
        settlement.Failed = false;
        settlement.Failures++;
        settlement.DueAt = _clock.GetTimestamp() + (long)(Pause(settlement.Failures).TotalSeconds * _clock.TimestampFrequency);
        if (_again.Count >= _options.SettlementCapacity)
        {
            _again.Dequeue();
            Lose(1);
        }
        _again.Enqueue(settlement);
    }

    private static TimeSpan Pause(int failures)
    {
        var pause = TimeSpan.FromMilliseconds(25 * Math.Pow(2, Math.Min(failures, 10)));
        return pause < LongestPause ? pause : LongestPause;
    }

    private void Lose(int count)
    {
        Interlocked.Add(ref _lost, count);
        _observer?.SettlementLost(count);
        Log.Lost(_logger, count);
        Leave(count);
    }

    private void Leave(int count)
    {
        if (count == 0 || Interlocked.Add(ref _pending, -count) > 0) return;
        lock (_lock)
        {
            if (Pending > 0) return;
            _empty?.TrySetResult();
            _empty = null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3021, LogLevel.Warning, "{Count} settlements could not be delivered to Redis in time and are given up")]
        public static partial void Lost(ILogger logger, int count);

        [LoggerMessage(3022, LogLevel.Error, "{Count} entries could not be settled: their keys in Redis hold something else")]
        public static partial void Refused(ILogger logger, long count);

        [LoggerMessage(3023, LogLevel.Error, "Redis refused the script that settles: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
