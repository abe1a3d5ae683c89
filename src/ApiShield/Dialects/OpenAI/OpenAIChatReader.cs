using System.Buffers;
using System.Text.Json;

namespace ApiShield.Dialects.OpenAI;

/// <summary>Reads the answer to a chat completion, streamed or whole.</summary>
internal sealed class OpenAIChatReader : ResponseReader
{
    private bool _noChoices;
    private bool _hasUsage;

    public override EventFate ReadEvent(ReadOnlySpan<byte> serverSentEvent)
    {
        var data = DataOf(serverSentEvent);
        if (data.IsEmpty || data[0] != (byte)'{')
        {
            Ended |= data.SequenceEqual("[DONE]"u8);
            return EventFate.Relay;
        }

        _noChoices = false;
        _hasUsage = false;
        var before = OutputBytes;
        try
        {
            var json = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = Dialect.MaxDepth });
            ReadChunk(ref json);
        }
        catch (JsonException)
        {
            // Not ours to judge: it goes on as it came and counts as an event with text.
            OutputBytes += data.Length;
        }
        if (OutputBytes > before) OutputEvents++;
        return _hasUsage && _noChoices && Facts.Stream && !Facts.UsageRequested ? EventFate.Drop : EventFate.Relay;
    }

    public override void ReadBody(in ReadOnlySequence<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Dialect.MaxDepth });
            ReadChunk(ref json);
        }
        catch (JsonException)
        {
            OutputBytes = Math.Max(OutputBytes, body.Length);
        }
    }

    private void ReadChunk(ref Utf8JsonReader json)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("choices"u8)) ReadChoices(ref json);
            else if (json.ValueTextEquals("usage"u8)) ReadUsage(ref json);
            else
            {
                if (json.ValueTextEquals("error"u8)) UpstreamError = true;
                json.Read();
                json.Skip();
            }
        }
    }

    private void ReadChoices(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return;
        }

        _noChoices = true;
        var depth = json.CurrentDepth;
        while (json.Read() && json.CurrentDepth > depth)
        {
            _noChoices = false;
            if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != depth + 2) continue;
            var isOutput = json.ValueTextEquals("delta"u8) || json.ValueTextEquals("message"u8) || json.ValueTextEquals("text"u8);
            json.Read();
            if (isOutput) CountOutput(ref json);
            else json.Skip();
        }
    }

    /// <summary>Counts the text of a message or a part of one: content, refusal, reasoning, names and arguments of tool calls.</summary>
    private void CountOutput(ref Utf8JsonReader json)
    {
        var depth = json.CurrentDepth;
        var isContainer = json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        var isLabel = false;
        do
        {
            if (json.TokenType == JsonTokenType.PropertyName)
                isLabel = json.ValueTextEquals("role"u8) || json.ValueTextEquals("id"u8) || json.ValueTextEquals("type"u8);
            else if (json.TokenType == JsonTokenType.String && !isLabel)
                OutputBytes += json.HasValueSequence ? json.ValueSequence.Length : json.ValueSpan.Length;
        }
        while (isContainer && json.Read() && json.CurrentDepth > depth);
    }

    private void ReadUsage(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        long input = 0, output = 0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isInput = json.ValueTextEquals("prompt_tokens"u8);
            var isOutput = json.ValueTextEquals("completion_tokens"u8);
            json.Read();
            if ((isInput || isOutput) && json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var tokens) && tokens >= 0)
            {
                if (isInput) input = tokens;
                else output = tokens;
            }
            else json.Skip();
        }
        _hasUsage = true;
        Reported = new Usage(input, output);
    }

    /// <summary>The data of an event. Model APIs send one data line; of several the first is taken.</summary>
    private static ReadOnlySpan<byte> DataOf(ReadOnlySpan<byte> serverSentEvent)
    {
        while (!serverSentEvent.IsEmpty)
        {
            var end = serverSentEvent.IndexOf((byte)'\n');
            var line = end < 0 ? serverSentEvent : serverSentEvent[..end];
            if (line.StartsWith("data:"u8)) return line[5..].Trim(" \r"u8);
            if (end < 0) break;
            serverSentEvent = serverSentEvent[(end + 1)..];
        }
        return default;
    }
}
