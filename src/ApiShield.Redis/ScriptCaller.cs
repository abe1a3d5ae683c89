using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Calls scripts: never longer than a deadline, and not at all while Redis is known to be away.</summary>
internal sealed partial class ScriptCaller
{
    private static readonly InvalidOperationException NeverConnected = new("Redis has not been connected yet.");

    private readonly RedisConnection _connection;
    private readonly TimeProvider _clock;
    private readonly IStoreObserver? _observer;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<int, ResiliencePipeline<RedisResult>> _pipelines = new();

    public ScriptCaller(RedisConnection connection, TimeProvider clock, ILogger logger, IStoreObserver? observer)
    {
        _connection = connection;
        _clock = clock;
        _logger = logger;
        _observer = observer;
    }

    /// <summary>A breaker for one server, which opens on little traffic: five failures within two seconds. One call a second then tries it again.</summary>
    private static ResiliencePipeline<RedisResult> Break(int node, ScriptCaller caller) =>
        new ResiliencePipelineBuilder<RedisResult> { TimeProvider = caller._clock }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<RedisResult>
            {
                FailureRatio = 0.5,
                MinimumThroughput = 5,
                SamplingDuration = TimeSpan.FromSeconds(2),
                BreakDuration = TimeSpan.FromSeconds(1),
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is { } error && StoreErrors.IsOfTheServer(error)),
                OnOpened = arguments =>
                {
                    Log.Opened(caller._logger, node, arguments.Outcome.Exception?.Message ?? "");
                    return ValueTask.CompletedTask;
                },
                OnClosed = _ =>
                {
                    Log.Closed(caller._logger, node);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();

    /// <summary>Calls a script through the breaker.</summary>
    /// <returns>Its result; null if there was none in time: then the script may or may not have run.</returns>
    public async Task<RedisResult?> CallAsync(QuotaScript script, ScriptArguments arguments, TimeSpan deadline)
    {
        var started = _clock.GetTimestamp();
        var pipeline = _pipelines.GetOrAdd(_connection.NodeOf(arguments.FirstKey), Break, this);
        var context = ResilienceContextPool.Shared.Get(false, CancellationToken.None);
        Outcome<RedisResult> outcome;
        try
        {
            outcome = await pipeline.ExecuteOutcomeAsync(
                static (_, call) => call.Caller.RunAsync(call.Script, call.Arguments, call.Deadline),
                context,
                (Caller: this, Script: script, Arguments: arguments, Deadline: deadline)).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }

        _observer?.Call(script.Name, outcome.Exception is null, _clock.GetElapsedTime(started));
        if (outcome.Exception is null) return outcome.Result;
        if (outcome.Exception is RedisServerException or RedisCommandException) Log.Failed(_logger, script.Name, outcome.Exception.Message);
        return null;
    }

    /// <summary>Calls a script past the breaker, for work that waits and is repeated.</summary>
    public async Task<(Exception? Error, RedisResult? Answer)> DeliverAsync(QuotaScript script, ScriptArguments arguments, TimeSpan deadline)
    {
        var started = _clock.GetTimestamp();
        var outcome = await RunAsync(script, arguments, deadline).ConfigureAwait(false);
        _observer?.Call(script.Name, outcome.Exception is null, _clock.GetElapsedTime(started));
        return (outcome.Exception, outcome.Result);
    }

    /// <summary>Says that a script could not do its work on keys that hold something else.</summary>
    public void Undecided(QuotaScript script) => Log.Failed(_logger, script.Name, "keys of quotas hold something else");

    private async ValueTask<Outcome<RedisResult>> RunAsync(QuotaScript script, ScriptArguments arguments, TimeSpan deadline)
    {
        if (_connection.Database is not { } database) return Outcome.FromException<RedisResult>(NeverConnected);
        var attempt = AttemptAsync(database, script, arguments, deadline);
        try
        {
            return Outcome.FromResult(await attempt.WaitAsync(deadline, _clock).ConfigureAwait(false));
        }
        catch (Exception error)
        {
            // Whatever the client library throws, a request must not fail for it: that is for its rules to say.
            if (StoreErrors.IsCrossSlot(error)) _connection.FoundCluster();
            if (!attempt.IsCompleted) Observe(attempt);
            return Outcome.FromException<RedisResult>(error);
        }
    }

    private async Task<RedisResult> AttemptAsync(IDatabase database, QuotaScript script, ScriptArguments arguments, TimeSpan deadline)
    {
        var started = _clock.GetTimestamp();
        var (keys, values) = (arguments.Keys(), arguments.Values());
        try
        {
            return await database.ScriptEvaluateAsync(script.Hash, keys, values).ConfigureAwait(false);
        }
        catch (RedisServerException error)
            when ((StoreErrors.IsUnknownScript(error) || StoreErrors.IsMoving(error)) && _clock.GetElapsedTime(started) < deadline)
        {
            // Known not to have run. The overload with the text loads it where it is missing. Not after the deadline: a reservation that runs
            // when its settlement has been and gone would hold for nobody.
            return await database.ScriptEvaluateAsync(script.Text, keys, values).ConfigureAwait(false);
        }
    }

    /// <summary>A late failure of a call that nobody waits for any more is no news.</summary>
    private static void Observe(Task attempt) => _ = attempt.ContinueWith(
        static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private static partial class Log
    {
        [LoggerMessage(3011, LogLevel.Warning, "Redis server {Node} fails and is left alone for a second: {Reason}")]
        public static partial void Opened(ILogger logger, int node, string reason);

        [LoggerMessage(3012, LogLevel.Information, "Redis server {Node} answers again")]
        public static partial void Closed(ILogger logger, int node);

        [LoggerMessage(3013, LogLevel.Error, "Redis refused the script {Script}: {Reason}")]
        public static partial void Failed(ILogger logger, string script, string reason);
    }
}
