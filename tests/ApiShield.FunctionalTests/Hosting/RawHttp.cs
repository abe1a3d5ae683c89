using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>HTTP/1.1 by hand, for what a client library would put right before sending.</summary>
internal static class RawHttp
{
    /// <summary>The bytes of a chat request.</summary>
    public static byte[] ChatRequest(byte[] body, string key, string more = "") =>
    [
        .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{more}\r\n")),
        .. body,
    ];

    /// <summary>Opens a connection.</summary>
    public static async Task<Socket> ConnectAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port, TestContext.Current.CancellationToken);
        return socket;
    }

    /// <summary>Sends one request with <c>Connection: close</c> in it and reads the answer to the end of the connection.</summary>
    public static async Task<ChatAnswer> SendAsync(Uri address, byte[] request)
    {
        using var socket = await ConnectAsync(address);
        await socket.SendAsync(request, TestContext.Current.CancellationToken);
        using var read = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var length) read.Write(buffer, 0, length);
        return Parse(read.ToArray());
    }

    /// <summary>Reads an answer, or as much of one as there is; null before its head is whole.</summary>
    public static ChatAnswer Parse(byte[] answer)
    {
        var end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0) return new ChatAnswer(0, new Dictionary<string, string>(), []);
        var lines = Encoding.Latin1.GetString(answer, 0, end).Split("\r\n");
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            headers[name] = headers.TryGetValue(name, out var before) ? $"{before}, {value}" : value;
        }
        var body = answer.AsSpan(end + 4);
        return new ChatAnswer(
            int.Parse(lines[0].AsSpan(9, 3), CultureInfo.InvariantCulture), headers, headers.ContainsKey("transfer-encoding") ? Unchunk(body) : body.ToArray());
    }

    private static byte[] Unchunk(ReadOnlySpan<byte> chunked)
    {
        using var body = new MemoryStream();
        while (chunked.IndexOf("\r\n"u8) is >= 0 and var end)
        {
            var length = int.Parse(Encoding.ASCII.GetString(chunked[..end]), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            chunked = chunked[(end + 2)..];
            body.Write(chunked[..Math.Min(length, chunked.Length)]);
            if (length == 0 || length + 2 > chunked.Length) break;
            chunked = chunked[(length + 2)..];
        }
        return body.ToArray();
    }
}
