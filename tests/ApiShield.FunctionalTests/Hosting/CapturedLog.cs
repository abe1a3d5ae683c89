using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>Keeps every line that the program logs, at the most talkative level.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    /// <summary>All lines so far: category, message, scopes are not kept.</summary>
    public IEnumerable<string> Lines => _lines.Select(line => line.Text);

    /// <summary>Lines of warnings and worse.</summary>
    public IEnumerable<string> Problems => _lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text);

    /// <summary>Makes this the program's only log.</summary>
    public void Attach(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(LogLevel.Debug);
        logging.AddProvider(this);
    }

    public ILogger CreateLogger(string categoryName) => new Writer(categoryName, _lines);

    public void Dispose()
    {
    }

    private sealed class Writer(string category, ConcurrentQueue<(LogLevel, string)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((logLevel, $"{logLevel} {category} {formatter(state, exception)} {exception}"));
    }
}
