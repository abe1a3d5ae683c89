using System.Text.Json;
using System.Text.Unicode;

namespace ApiShield.Proxy.Simulation;

/// <summary>Reads a chat-completions body into a <see cref="ChatRequest"/> in one pass and refuses what OpenAI would refuse.</summary>
internal static class ChatRequestReader
{
    private const int LongestModel = 256;
    private const int MostChoices = 128;
    private const int MostTopLogProbs = 20;
    private const int MostStops = 4;

    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>Members that say how an answer is delivered and how much of it, not what it says: they leave the seed alone.</summary>
    private static readonly string[] Delivery =
    [
        "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs", "stop", "user", "metadata", "store",
    ];

    /// <summary>Fills <paramref name="into"/>, which must be cleared.</summary>
    /// <returns>Null, or the refusal.</returns>
    public static ChatError? Read(ReadOnlyMemory<byte> body, ChatRequest into)
    {
        into.Body = body;
        if (!Utf8.IsValid(body.Span)) return ChatError.NotJson;
        try
        {
            var reader = new Utf8JsonReader(body.Span);
            return Read(ref reader, into);
        }
        catch (JsonException)
        {
            return ChatError.NotJson;
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair: JSON by its grammar, but no text.
            return ChatError.NotJson;
        }
    }

    private static ChatError? Read(ref Utf8JsonReader reader, ChatRequest into)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) return ChatError.NotJson with { Message = "The body of the request must be a JSON object." };

        var hasModel = false;
        var hasMessages = false;
        ChatError? error = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Name(ref reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            var found = ReadMember(ref reader, name, into);

            // The first fault is reported, but only of a body that is JSON to its end.
            error ??= found;
            if (found is not null) SkipRest(ref reader);
            hasModel |= name == "model";
            hasMessages |= name == "messages";
            if (!Delivery.Contains(name))
                into.Seed += SimulatorRandom.Mix(Seed(name) ^ SimulatorRandom.Hash(into.Body.Span[start..(int)reader.BytesConsumed]));
        }

        // Trailing bytes behind the object are an error of the reader.
        reader.Read();
        if (error is not null) return error;
        if (!hasModel) return ChatError.Missing("model");
        if (!hasMessages) return ChatError.Missing("messages");
        if (into.TopLogProbs > 0 && !into.LogProbs)
            return ChatError.OutOfRange("top_logprobs", "'logprobs' to be true when this is set");
        if (into.ToolChoice is ToolChoiceKind.Required or ToolChoiceKind.Named && into.Tools.Count == 0)
            return ChatError.OutOfRange("tool_choice", "'tools' to be given when this is set");
        return into.ToolChoice == ToolChoiceKind.Named && !into.Tools.Exists(tool => tool.Name == into.ToolName)
            ? ChatError.OutOfRange("tool_choice", "the name of one of 'tools'")
            : null;
    }

    private static ChatError? ReadMember(ref Utf8JsonReader reader, string name, ChatRequest into)
    {
        var type = reader.TokenType;
        switch (name)
        {
            case "model":
                if (type != JsonTokenType.String) return ChatError.WrongType(name, "a string", type);
                if (reader.ValueSpan.Length > LongestModel) return ChatError.OutOfRange(name, $"a string of at most {LongestModel} bytes");
                into.Model = reader.GetString()!;
                return into.Model.Length == 0 ? ChatError.Missing(name) : null;
            case "messages":
                return ChatMessagesReader.Read(ref reader, into);
            case "stream":
                return Boolean(ref reader, name, value => into.Stream = value);
            case "logprobs":
                return Boolean(ref reader, name, value => into.LogProbs = value);
            case "stream_options":
                return StreamOptions(ref reader, into);
            case "n":
                return Integer(ref reader, name, 1, MostChoices, value => into.Choices = value);
            case "top_logprobs":
                return Integer(ref reader, name, 0, MostTopLogProbs, value => into.TopLogProbs = value);
            case "max_tokens" or "max_completion_tokens":
                return Integer(ref reader, name, 1, int.MaxValue, value => into.MaxTokens = Math.Min(into.MaxTokens ?? value, value));
            case "temperature":
                return Number(ref reader, name, 0, 2);
            case "top_p":
                return Number(ref reader, name, 0, 1);
            case "presence_penalty" or "frequency_penalty":
                return Number(ref reader, name, -2, 2);
            case "reasoning_effort":
                if (type == JsonTokenType.Null) return null;
                if (type != JsonTokenType.String) return ChatError.WrongType(name, "a string", type);
                into.Effort = reader.GetString();
                return Efforts.Contains(into.Effort) ? null : ChatError.OutOfRange(name, string.Join(", ", Efforts));
            case "stop":
                return Stop(ref reader, into);
            case "tools":
                return ChatToolsReader.ReadTools(ref reader, into);
            case "tool_choice":
                return ChatToolsReader.ReadChoice(ref reader, into);
            case "response_format":
                return ChatToolsReader.ReadFormat(ref reader, into);
            default:
                reader.Skip();
                return null;
        }
    }

    private static ChatError? StreamOptions(ref Utf8JsonReader reader, ChatRequest into)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.StartObject) return ChatError.WrongType("stream_options", "an object", reader.TokenType);
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            var usage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (!usage) reader.Skip();
            else if (Boolean(ref reader, "stream_options.include_usage", value => into.IncludeUsage = value) is { } error) return error;
        }

        return null;
    }

    private static ChatError? Stop(ref Utf8JsonReader reader, ChatRequest into)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType == JsonTokenType.String) return AddStop(ref reader, into);
        if (reader.TokenType != JsonTokenType.StartArray) return ChatError.WrongType("stop", "a string or an array of strings", reader.TokenType);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String) return ChatError.WrongType("stop", "an array of strings", reader.TokenType);
            if (AddStop(ref reader, into) is { } error) return error;
        }

        return null;
    }

    private static ChatError? AddStop(ref Utf8JsonReader reader, ChatRequest into)
    {
        if (into.Stops.Count == MostStops) return ChatError.OutOfRange("stop", $"at most {MostStops} sequences");
        var bytes = new byte[reader.ValueSpan.Length];
        into.Stops.Add(bytes[..reader.CopyString(bytes)]);
        return null;
    }

    private static ChatError? Boolean(ref Utf8JsonReader reader, string name, Action<bool> set)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return ChatError.WrongType(name, "a boolean", reader.TokenType);
        set(reader.GetBoolean());
        return null;
    }

    private static ChatError? Integer(ref Utf8JsonReader reader, string name, int least, int most, Action<int> set)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.Number) return ChatError.WrongType(name, "an integer", reader.TokenType);
        if (!reader.TryGetInt32(out var value) || value < least || value > most)
            return ChatError.OutOfRange(name, $"an integer from {least} to {most}");
        set(value);
        return null;
    }

    private static ChatError? Number(ref Utf8JsonReader reader, string name, double least, double most)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.Number) return ChatError.WrongType(name, "a number", reader.TokenType);
        var value = reader.GetDouble();
        return value >= least && value <= most ? null : ChatError.OutOfRange(name, $"a number from {least} to {most}");
    }

    /// <summary>Reads on from wherever a fault was found to the end of the top-level member.</summary>
    private static void SkipRest(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth <= 1 && reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject)) return;
        if (reader.CurrentDepth == 1) reader.Skip();
        while (reader.CurrentDepth > 1 && reader.Read())
        {
        }
    }

    /// <summary>A member's name; those of the reference without making a string each time.</summary>
    private static string Name(ref Utf8JsonReader reader)
    {
        foreach (var known in KnownNames)
            if (reader.ValueTextEquals(known.Bytes)) return known.Text;
        return reader.ValueSpan.Length > LongestModel ? "(long)" : reader.GetString()!;
    }

    private static ulong Seed(string name)
    {
        ulong hash = 0;
        foreach (var letter in name) hash = SimulatorRandom.Mix(hash ^ letter);
        return hash;
    }

    private static readonly (string Text, byte[] Bytes)[] KnownNames =
    [
        .. Delivery.Concat(["model", "messages", "temperature", "top_p", "tools", "tool_choice", "response_format", "reasoning_effort", "seed"])
            .Select(name => (name, System.Text.Encoding.UTF8.GetBytes(name))),
    ];
}
