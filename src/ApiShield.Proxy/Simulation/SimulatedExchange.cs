using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.ObjectPool;

namespace ApiShield.Proxy.Simulation;

/// <summary>Everything that one chat request needs, kept for the next one.</summary>
internal sealed class SimulatedExchange : IResettable, IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    public SimulatedExchange() => Json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public ChatRequest Request { get; } = new();

    public SimulatedAnswer Answer { get; } = new();

    public ChatStreamWriter Stream { get; } = new();

    /// <summary>Writes a body that is sent in one piece.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>What <see cref="Json"/> has written.</summary>
    public ReadOnlyMemory<byte> Written
    {
        get
        {
            Json.Flush();
            return _buffer.WrittenMemory;
        }
    }

    public void Dispose()
    {
        Json.Dispose();
        Stream.Dispose();
    }

    public bool TryReset()
    {
        Request.Clear();
        Answer.Clear();
        _buffer.ResetWrittenCount();
        Json.Reset();
        return _buffer.Capacity <= 1 << 20;
    }
}
