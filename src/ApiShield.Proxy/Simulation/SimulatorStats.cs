using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>The simulator's books: what an upstream has really seen, for comparing with what a proxy before it has charged.</summary>
internal sealed class SimulatorStats
{
    /// <summary>Keys counted on their own; those beyond share one account, so that made-up keys cannot fill the memory.</summary>
    private const int MostKeys = 10_000;

    private const string Beyond = "(others)";
    private const string Scheme = "Bearer ";

    private Books _books = new();
    private long _inFlight;

    /// <summary>Counts over all keys since the start or the last reset.</summary>
    public SimulatorCounts Total => Volatile.Read(ref _books).Total;

    /// <summary>Chat requests being answered now; a reset leaves it alone.</summary>
    public long InFlight => Interlocked.Read(ref _inFlight);

    /// <summary>Counts of one API key as a client configures it; all zero for a key that was not seen. The empty key stands for none.</summary>
    public SimulatorCounts ForKey(string apiKey) => Volatile.Read(ref _books).Keys.GetValueOrDefault(apiKey) ?? new SimulatorCounts();

    /// <summary>Starts all counts at zero again; answers under way are no longer counted.</summary>
    public void Reset() => Volatile.Write(ref _books, new Books());

    /// <summary>The books of one request: everybody's and its key's.</summary>
    internal (SimulatorCounts Total, SimulatorCounts Key) Open(string? authorization)
    {
        Interlocked.Increment(ref _inFlight);
        var books = Volatile.Read(ref _books);
        var key = authorization.AsSpan();
        if (key.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) key = key[Scheme.Length..];

        var byKey = books.Keys.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!byKey.TryGetValue(key, out var counts))
            counts = books.Keys.GetOrAdd(books.Keys.Count < MostKeys ? key.ToString() : Beyond, static _ => new SimulatorCounts());
        books.Total.Seen();
        counts.Seen();
        return (books.Total, counts);
    }

    internal void Close() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Writes all counts; keys as the first half of their SHA-256, never as themselves.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        var books = Volatile.Read(ref _books);
        json.WriteStartObject();
        Write(json, books.Total);
        json.WriteNumber("in_flight"u8, InFlight);
        json.WriteStartArray("keys"u8);
        foreach (var (key, counts) in books.Keys)
        {
            json.WriteStartObject();
            var name = key.Length == 0 ? "(none)" : key == Beyond ? Beyond : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));
            json.WriteString("key"u8, name);
            Write(json, counts);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SimulatorCounts counts)
    {
        json.WriteNumber("requests"u8, counts.Requests);
        json.WriteNumber("answered"u8, counts.Answered);
        json.WriteNumber("completed"u8, counts.Completed);
        json.WriteNumber("refused"u8, counts.Refused);
        json.WriteNumber("aborted"u8, counts.Aborted);
        json.WriteNumber("dropped"u8, counts.Dropped);
        json.WriteNumber("prompt_tokens"u8, counts.PromptTokens);
        json.WriteNumber("completion_tokens"u8, counts.CompletionTokens);
        json.WriteNumber("tokens_written"u8, counts.TokensWritten);
        json.WriteNumber("tokens_before_abort"u8, counts.TokensBeforeAbort);
    }

    private sealed class Books
    {
        public SimulatorCounts Total { get; } = new();

        public ConcurrentDictionary<string, SimulatorCounts> Keys { get; } = new(StringComparer.Ordinal);
    }
}
