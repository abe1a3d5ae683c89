using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Reads the members of a request that ask for a tool call or for JSON.</summary>
internal static class ChatToolsReader
{
    public static ChatError? ReadTools(ref Utf8JsonReader reader, ChatRequest into)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.StartArray) return ChatError.WrongType("tools", "an array of objects", reader.TokenType);
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (reader.TokenType != JsonTokenType.StartObject) return ChatError.WrongType($"tools[{index}]", "an object", reader.TokenType);
            var start = (int)reader.TokenStartIndex;
            string? name = null;
            Range schema = default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var function = reader.ValueTextEquals("function"u8);
                reader.Read();
                if (!function) reader.Skip();
                else if (ReadNamed(ref reader, $"tools[{index}].function", "parameters"u8, out name, out schema) is { } error) return error;
            }

            if (name is null) return ChatError.Missing($"tools[{index}].function.name");
            into.Tools.Add((name, schema));

            // Definitions are part of the prompt.
            into.PromptTokens += SimulatorTokenizer.Count(into.Body.Span[start..(int)reader.BytesConsumed]);
        }

        return null;
    }

    public static ChatError? ReadChoice(ref Utf8JsonReader reader, ChatRequest into)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String:
                if (reader.ValueTextEquals("auto"u8)) into.ToolChoice = ToolChoiceKind.Auto;
                else if (reader.ValueTextEquals("none"u8)) into.ToolChoice = ToolChoiceKind.None;
                else if (reader.ValueTextEquals("required"u8)) into.ToolChoice = ToolChoiceKind.Required;
                else return ChatError.OutOfRange("tool_choice", "none, auto, required or a named tool");
                return null;
            case JsonTokenType.StartObject:
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var function = reader.ValueTextEquals("function"u8);
                    reader.Read();
                    if (!function)
                    {
                        reader.Skip();
                        continue;
                    }

                    if (ReadNamed(ref reader, "tool_choice.function", default, out var name, out _) is { } error) return error;
                    into.ToolName = name;
                }

                into.ToolChoice = ToolChoiceKind.Named;
                return into.ToolName is null ? ChatError.Missing("tool_choice.function.name") : null;
            default:
                return ChatError.WrongType("tool_choice", "a string or an object", reader.TokenType);
        }
    }

    public static ChatError? ReadFormat(ref Utf8JsonReader reader, ChatRequest into)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.StartObject) return ChatError.WrongType("response_format", "an object", reader.TokenType);
        var known = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.String) return ChatError.WrongType("response_format.type", "a string", reader.TokenType);
                into.JsonAnswer = reader.ValueTextEquals("json_object"u8) || reader.ValueTextEquals("json_schema"u8);
                known = into.JsonAnswer || reader.ValueTextEquals("text"u8);
            }
            else if (reader.ValueTextEquals("json_schema"u8))
            {
                reader.Read();
                if (ReadNamed(ref reader, "response_format.json_schema", "schema"u8, out _, out var schema) is { } error) return error;
                if (!schema.Equals(default(Range))) into.AnswerSchema = schema;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return known ? null : ChatError.OutOfRange("response_format.type", "text, json_object or json_schema");
    }

    /// <summary>Reads an object's <c>name</c> and where its schema member stands.</summary>
    private static ChatError? ReadNamed(ref Utf8JsonReader reader, string path, ReadOnlySpan<byte> schemaMember, out string? name, out Range schema)
    {
        name = null;
        schema = default;
        if (reader.TokenType != JsonTokenType.StartObject) return ChatError.WrongType(path, "an object", reader.TokenType);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isName = reader.ValueTextEquals("name"u8);
            var isSchema = !schemaMember.IsEmpty && reader.ValueTextEquals(schemaMember);
            reader.Read();
            if (isName)
            {
                if (reader.TokenType != JsonTokenType.String) return ChatError.WrongType($"{path}.name", "a string", reader.TokenType);
                name = reader.GetString();
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            if (isSchema && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
                return ChatError.WrongType($"{path} schema", "an object", reader.TokenType);
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
            if (isSchema && isObject) schema = start..(int)reader.BytesConsumed;
        }

        return name is null ? ChatError.Missing($"{path}.name") : null;
    }
}
