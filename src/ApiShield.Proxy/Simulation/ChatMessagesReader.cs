using System.Buffers;
using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Reads the messages of a request: counts their tokens and finds the last question.</summary>
internal static class ChatMessagesReader
{
    /// <summary>What a message costs beside its text, and what the beginning of the answer costs, in tokens.</summary>
    private const int PerMessage = 3;

    /// <summary>What an image, a sound or a file costs, whatever its size.</summary>
    private const int PerAttachment = 85;

    private static readonly string[] Roles = ["developer", "system", "user", "assistant", "tool", "function"];

    public static ChatError? Read(ref Utf8JsonReader reader, ChatRequest into)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return ChatError.WrongType("messages", "an array of objects", reader.TokenType);

        var tokens = PerMessage;
        var count = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
        {
            if (reader.TokenType != JsonTokenType.StartObject) return ChatError.WrongType($"messages[{count}]", "an object", reader.TokenType);
            if (ReadMessage(ref reader, count, into, ref tokens) is { } error) return error;
        }

        into.PromptTokens += tokens;
        return count == 0 ? ChatError.OutOfRange("messages", "at least one message") : null;
    }

    private static ChatError? ReadMessage(ref Utf8JsonReader reader, int index, ChatRequest into, ref int tokens)
    {
        tokens += PerMessage;
        string? role = null;
        var hasContent = false;
        Range? text = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("role"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.String) return ChatError.WrongType($"messages[{index}].role", "a string", reader.TokenType);
                role = Role(ref reader);
                if (role is null) return ChatError.OutOfRange($"messages[{index}].role", string.Join(", ", Roles));
            }
            else if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                hasContent = true;
                switch (reader.TokenType)
                {
                    case JsonTokenType.Null: break;
                    case JsonTokenType.String: text = Text(ref reader, ref tokens); break;
                    case JsonTokenType.StartArray: text = Parts(ref reader, ref tokens); break;
                    default: return ChatError.WrongType($"messages[{index}].content", "a string or an array of parts", reader.TokenType);
                }
            }
            else
            {
                var counted = reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("tool_calls"u8);
                reader.Read();
                if (counted) _ = Parts(ref reader, ref tokens);
                else reader.Skip();
            }
        }

        if (role is null) return ChatError.Missing($"messages[{index}].role");
        if (!hasContent && role != "assistant") return ChatError.Missing($"messages[{index}].content");
        if (role == "user" && text is { } asked) into.Question.Read(into.Body.Span[asked]);
        return null;
    }

    /// <summary>Counts the texts within a value, and an attachment wherever one stands; returns where the last text is.</summary>
    private static Range? Parts(ref Utf8JsonReader reader, ref int tokens)
    {
        Range? text = null;
        var depth = reader.CurrentDepth;
        var counts = true;
        do
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                counts = reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("refusal"u8)
                    || reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("arguments"u8);
                var attachment = reader.ValueTextEquals("image_url"u8) || reader.ValueTextEquals("input_audio"u8) || reader.ValueTextEquals("file"u8);
                if (attachment)
                {
                    tokens += PerAttachment;
                    reader.Read();
                    reader.Skip();
                }
            }
            else if (reader.TokenType == JsonTokenType.String && counts)
            {
                text = Text(ref reader, ref tokens);
            }

            if (reader.CurrentDepth == depth && reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject)) return text;
        }
        while (reader.Read());
        return text;
    }

    private static Range Text(ref Utf8JsonReader reader, ref int tokens)
    {
        var start = (int)reader.TokenStartIndex + 1;
        var length = reader.ValueSpan.Length;
        if (!reader.ValueIsEscaped)
        {
            tokens += SimulatorTokenizer.Count(reader.ValueSpan);
            return start..(start + length);
        }

        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            tokens += SimulatorTokenizer.Count(rented.AsSpan(0, reader.CopyString(rented)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return start..(start + length);
    }

    private static string? Role(ref Utf8JsonReader reader)
    {
        foreach (var role in Roles)
            if (reader.ValueTextEquals(role)) return role;
        return null;
    }
}
