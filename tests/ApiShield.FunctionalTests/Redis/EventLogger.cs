using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>Keeps log events, and signals one that a test waits for.</summary>
internal sealed class EventLogger(int awaited) : ILogger
{
    private readonly TaskCompletionSource<string> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<int> Events { get; } = new();

    /// <summary>Completes with the text of the event that the test waits for.</summary>
    public Task<string> Seen => _seen.Task;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Events.Enqueue(eventId.Id);
        if (eventId.Id == awaited) _seen.TrySetResult(formatter(state, exception));
    }
}
