using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ApiShield.Benchmarks.Load;

/// <summary>One connection of the load generator: sends the same request again and again and reads each answer to its end.</summary>
internal sealed class LoadConnection(byte[] request) : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>When the first byte of the last answer's body was there.</summary>
    public long FirstByteAt { get; private set; }

    public ValueTask ConnectAsync(int port) => _socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), CancellationToken.None);

    /// <summary>Sends the request and reads the answer.</summary>
    /// <exception cref="InvalidDataException">The answer is no 200, or cannot be read.</exception>
    public async ValueTask ExchangeAsync()
    {
        await _socket.SendAsync(request);
        var message = default(HttpMessage);
        var length = 0;
        FirstByteAt = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0) throw new InvalidDataException("The connection ended within an answer.");
            var body = _buffer.AsMemory(length, read);
            if (message.HeadLength == 0)
            {
                length += read;
                if (!message.TryReadHead(_buffer.AsSpan(0, length))) continue;
                if (!_buffer.AsSpan().StartsWith("HTTP/1.1 200 "u8)) throw new InvalidDataException("The answer is no 200.");
                body = _buffer.AsMemory(message.HeadLength, length - message.HeadLength);
                length = 0; // What follows is only counted.
            }

            var isWhole = message.Take(body.Span);
            if (FirstByteAt == 0 && message.HasBody) FirstByteAt = Stopwatch.GetTimestamp();
            if (isWhole) return;
        }
    }

    public void Dispose() => _socket.Dispose();
}
