using System.Text.Json;

namespace ApiShield.Proxy.Demo;

/// <summary>Reads what came back to a demo caller: how many tokens, or why not.</summary>
internal static class DemoAnswer
{
    private const string Data = "data: ";

    /// <summary>Reads an admitted answer to its end and reports its tokens as they arrive: of a stream one for each event with text.</summary>
    public static async Task ReadAsync(HttpResponseMessage response, Action<long> receive, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            using var answer = await JsonDocument.ParseAsync(body, default, cancellation);
            if (answer.RootElement.TryGetProperty("usage", out var usage) && usage.TryGetProperty("completion_tokens", out var tokens))
                receive(tokens.GetInt64());
            return;
        }

        using var lines = new StreamReader(body);
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (!line.StartsWith(Data, StringComparison.Ordinal) || line.EndsWith("[DONE]", StringComparison.Ordinal)) continue;
            using var chunk = JsonDocument.Parse(line.AsMemory(Data.Length));
            if (chunk.RootElement.TryGetProperty("error", out var error))
                throw new IOException(Message(error) ?? "The stream was cut.");
            if (!chunk.RootElement.TryGetProperty("choices", out var choices)) continue;
            foreach (var choice in choices.EnumerateArray())
            {
                if (choice.TryGetProperty("delta", out var delta) && delta.TryGetProperty("content", out var content)
                    && content.ValueKind == JsonValueKind.String && content.GetString()!.Length > 0) receive(1);
            }
        }
    }

    /// <summary>The reason that a refusal gives, or its status if it gives none.</summary>
    public static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.TryGetProperty("error", out var error) && Message(error) is { } message) return message;
        }
        catch (JsonException)
        {
            // Not in a shape that we know; the status will do.
        }

        return response.ReasonPhrase ?? "refused";
    }

    private static string? Message(JsonElement error) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) ? message.GetString() : null;
}
