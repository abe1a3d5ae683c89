using System.Globalization;
using System.Text;

namespace ApiShield.Benchmarks.Load;

/// <summary>The bytes of the run: requests as a client sends them and answers as a model API gives them, all made once.</summary>
internal static class ChatTraffic
{
    /// <summary>Callers in the run, each with a key of its own; eight to an organization.</summary>
    public const int Accounts = 64;

    /// <summary>Events of a stream that carry text.</summary>
    public const int Events = 50;

    /// <summary>Events that leave the upstream together, after the first, which leaves alone.</summary>
    private const int EventsInOneWrite = 10;

    /// <summary>The API key of an account.</summary>
    public static string Key(int account) => string.Create(CultureInfo.InvariantCulture, $"sk-benchmark-{account:d4}-0123456789abcdef0123456789abcdef");

    /// <summary>A request with head and body.</summary>
    public static byte[] Request(int account, bool stream)
    {
        var body = $$"""
            {"model":"gpt-4o-mini","messages":[{"role":"system","content":"{{Text(40)}}"},{"role":"user","content":"{{Text(90)}}"}],"temperature":0.7,"max_tokens":256{{(stream ? ",\"stream\":true" : "")}}}
            """;
        return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"""
            POST /v1/chat/completions HTTP/1.1
            Host: localhost
            User-Agent: load/1.0
            Accept: application/json
            Authorization: Bearer {Key(account)}
            Content-Type: application/json
            Content-Length: {body.Length}


            """).ReplaceLineEndings("\r\n") + body);
    }

    /// <summary>An answer that comes whole.</summary>
    public static byte[] Answer()
    {
        var body = $$$$"""
            {"id":"chatcmpl-benchmark","object":"chat.completion","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"{{{{Text(60)}}}}","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":150,"completion_tokens":70,"total_tokens":220,"prompt_tokens_details":{"cached_tokens":0}}}
            """;
        return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
    }

    /// <summary>A stream of events in chunked encoding, in the pieces in which it is written.</summary>
    public static byte[][] Stream(bool withUsage)
    {
        var pieces = new List<byte[]>();
        var piece = new StringBuilder("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var i = 0; i < Events; i++)
        {
            Chunk(piece, $$"""{"id":"chatcmpl-benchmark","object":"chat.completion.chunk","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}""");
            if (i % EventsInOneWrite == 0) Cut();
        }
        Chunk(piece, """{"id":"chatcmpl-benchmark","object":"chat.completion.chunk","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}""");
        if (withUsage)
            Chunk(piece, """{"id":"chatcmpl-benchmark","object":"chat.completion.chunk","created":1750000000,"model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":150,"completion_tokens":50,"total_tokens":200}}""");
        Chunk(piece, "[DONE]");
        piece.Append("0\r\n\r\n");
        Cut();
        return [.. pieces];

        void Cut()
        {
            pieces.Add(Encoding.ASCII.GetBytes(piece.ToString()));
            piece.Clear();
        }
    }

    private static void Chunk(StringBuilder to, string data)
    {
        var text = $"data: {data}\n\n";
        to.Append(CultureInfo.InvariantCulture, $"{text.Length:x}\r\n{text}\r\n");
    }

    private static string Text(int words) => string.Join(' ', Enumerable.Repeat("plain words of no meaning in a row", (words + 7) / 8));
}
