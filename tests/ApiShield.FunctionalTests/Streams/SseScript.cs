using System.Text;
using Microsoft.AspNetCore.Http;

namespace ApiShield.FunctionalTests.Streams;

/// <summary>The server-sent events of one made-up answer, and ways to send them.</summary>
internal static class SseScript
{
    /// <summary>Input tokens that the usage event states.</summary>
    public const int Input = 11;

    /// <summary>Output tokens that the usage event states.</summary>
    public const int Output = 57;

    /// <summary>All events in order; the last but one is the usage event.</summary>
    public static IReadOnlyList<byte[]> Events(string line = "\n")
    {
        const string head = """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","obfuscation":"aZ09","choices":""";
        var texts = new List<string>
        {
            ": a comment that keeps the connection alive",
            $$"""data: {{head}}[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}""",
        };
        foreach (var token in (IEnumerable<string>)["Hello", " \\u00e9\\ud83d\\ude00", " \"choices\":[]".Replace("\"", "\\\"", StringComparison.Ordinal), " \u65e5\u672c\u8a9e", "\\n\\n", " usage"])
            texts.Add($$"""data: {{head}}[{"index":0,"delta":{"content":"{{token}}"},"logprobs":null,"finish_reason":null}],"usage":null}""");
        texts.Add($$"""event: message{{line}}id: 7{{line}}data:{{head}}[{"index":0,"delta":{"content":" named"},"finish_reason":null}],"usage":null}""");
        texts.Add($$"""data: {{head}}[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}""");
        texts.Add($$"""data: {{head}}[],"usage":{"prompt_tokens":{{Input}},"completion_tokens":{{Output}},"total_tokens":{{Input + Output}},"x":{"y":[1]} } }""");
        texts.Add("data: [DONE]");
        return [.. texts.Select(text => Encoding.UTF8.GetBytes(text + line + line))];
    }

    /// <summary>Whether it is the event that OpenAI sends only to clients that ask for usage.</summary>
    public static bool IsUsage(byte[] serverSentEvent) => Encoding.UTF8.GetString(serverSentEvent).Contains("\"choices\":[],\"usage\":{", StringComparison.Ordinal);

    /// <summary>Sends bytes as an event stream in pieces of random sizes.</summary>
    public static async Task SendInPieces(HttpContext context, byte[] bytes, Random random)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(4) switch { 0 => 1, 1 => random.Next(1, 8), 2 => random.Next(1, 64), _ => random.Next(1, 2048) });
            await context.Response.Body.WriteAsync(bytes.AsMemory(at, length), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (random.Next(8) == 0) await Task.Delay(1, context.RequestAborted); // So that pieces do not all meet again on the way.
            at += length;
        }
    }
}
