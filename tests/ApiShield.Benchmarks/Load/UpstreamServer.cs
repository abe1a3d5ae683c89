using System.CommandLine;
using System.Net;
using System.Net.Sockets;

namespace ApiShield.Benchmarks.Load;

/// <summary>The cheapest model API there can be: reads a request to its end and writes an answer made beforehand.</summary>
internal static class UpstreamServer
{
    private static readonly byte[][] Whole = [ChatTraffic.Answer()];
    private static readonly byte[][] Events = ChatTraffic.Stream(withUsage: false);
    private static readonly byte[][] EventsAndUsage = ChatTraffic.Stream(withUsage: true);

    public static Command Command() => ChildHost.Command("upstream", "The model API of a load run.", static async (none, cancel) =>
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1024);
        _ = AcceptAsync(listener, cancel);
        return (((IPEndPoint)listener.LocalEndPoint!).Port, listener);
    });

    private static async Task AcceptAsync(Socket listener, CancellationToken cancel)
    {
        while (true) _ = ServeAsync(await listener.AcceptAsync(cancel));
    }

    private static async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        var buffer = new byte[64 * 1024];
        try
        {
            while (await ReadAsync(socket, buffer) is { } answer)
                foreach (var piece in answer) await socket.SendAsync(piece);
        }
        catch (SocketException)
        {
            // The proxy has closed the connection.
        }
        finally
        {
            socket.Dispose();
        }
    }

    /// <summary>Reads a request and chooses the answer; null when the connection has ended.</summary>
    private static async ValueTask<byte[][]?> ReadAsync(Socket socket, byte[] buffer)
    {
        var message = default(HttpMessage);
        var length = 0;
        var taken = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0) return null;
            length += read;
            if (message.HeadLength == 0)
            {
                if (!message.TryReadHead(buffer.AsSpan(0, length))) continue;
                taken = message.HeadLength;
            }
            if (message.Take(buffer.AsSpan(taken, length - taken))) return Choose(buffer.AsSpan(message.HeadLength, length - message.HeadLength));
            taken = length;
        }
    }

    private static byte[][] Choose(ReadOnlySpan<byte> body)
    {
        if (body.IndexOf("\"stream\":true"u8) < 0) return Whole;
        return body.IndexOf("\"include_usage\":true"u8) < 0 ? Events : EventsAndUsage;
    }
}
