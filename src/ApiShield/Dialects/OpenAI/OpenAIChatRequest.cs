using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ApiShield.Dialects.OpenAI;

/// <summary>One pass over the body of a chat completion request: the members that control the exchange, wherever they stand, and the size of its text.</summary>
internal static class OpenAIChatRequest
{
    private const int MaxModelBytes = 256;
    private const int MaxChoices = 128;
    private const int MaxControlName = 160; // The longest name, each letter written as an escape of six bytes.
    private const int ShortestMediaBytes = 256;

    private static readonly byte[] AskForUsage = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly byte[] UsageOptions = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] UsageMember = "\"include_usage\":true,"u8.ToArray();
    private static readonly byte[] UsageMemberAlone = "\"include_usage\":true"u8.ToArray();
    private static readonly byte[] True = "true"u8.ToArray();

    /// <summary>Members that decide what an exchange costs; twice or in another case, one reader may see another value than the next.</summary>
    private static readonly string[] Controls =
        ["model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "messages", "logprobs", "top_logprobs"];

    /// <summary>What the names of controls begin with, in lower case.</summary>
    private static readonly SearchValues<byte> FirstLetters = SearchValues.Create([.. Controls.Select(static name => (byte)name[0])]);

    /// <summary>A bit for each length that the name of a control has.</summary>
    private static readonly uint ControlLengths = Controls.Aggregate(0u, static (lengths, name) => lengths | (1u << name.Length));

    public static InspectionError? Read(in ReadOnlySequence<byte> body, RequestFacts facts)
    {
        facts.Generates = true;
        try
        {
            return ReadObject(body, facts);
        }
        catch (JsonException error)
        {
            return new InspectionError($"We could not parse the JSON body of your request: {Describe(error)}", null, "invalid_json");
        }
        catch (InvalidOperationException)
        {
            // What Utf8JsonReader throws for a name or value that is no valid UTF-8 or UTF-16.
            return new InspectionError("The JSON body of your request holds text that is not valid Unicode.", null, "invalid_unicode");
        }
    }

    private static InspectionError? ReadObject(in ReadOnlySequence<byte> body, RequestFacts facts)
    {
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Dialect.MaxDepth });
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            return new InspectionError("The body of your request must be a JSON object.", null, "invalid_json");

        var start = json.BytesConsumed;
        var seen = 0;
        long? maxTokens = null, maxCompletionTokens = null;
        BodyPatch? options = null;
        Span<byte> name = stackalloc byte[MaxControlName];

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var control = ControlAt(json, name, out var misspelt);
            if (misspelt is not null)
                return new InspectionError($"Unknown member '{misspelt}': did you mean '{Controls[control]}'? Names are case-sensitive.", misspelt, "unknown_parameter");
            if (control >= 0)
            {
                if ((seen & (1 << control)) != 0)
                    return new InspectionError($"The member '{Controls[control]}' stands twice in the body of your request.", Controls[control], "duplicate_parameter");
                seen |= 1 << control;
            }

            json.Read();
            if (control < 0)
            {
                CountText(ref json, facts);
                continue;
            }

            InspectionError? error = null;
            switch (Controls[control])
            {
                case "model":
                    error = ReadModel(ref json, facts);
                    break;
                case "stream":
                    error = ReadFlag(json, "stream", out var stream);
                    facts.Stream = stream;
                    break;
                case "stream_options":
                    error = ReadStreamOptions(ref json, facts, out options);
                    break;
                case "max_tokens":
                    error = ReadCount(json, "max_tokens", int.MaxValue, out maxTokens);
                    facts.MaxTokensAt = PlaceOf(json);
                    break;
                case "max_completion_tokens":
                    error = ReadCount(json, "max_completion_tokens", int.MaxValue, out maxCompletionTokens);
                    facts.OtherMaxTokensAt = PlaceOf(json);
                    break;
                case "n":
                    error = ReadCount(json, "n", MaxChoices, out var choices);
                    facts.Choices = (int)(choices ?? 1);
                    break;
                case "messages":
                    if (json.TokenType != JsonTokenType.StartArray)
                        error = new InspectionError("Invalid type for 'messages': expected an array of messages.", "messages", "invalid_type");
                    else CountText(ref json, facts);
                    break;
                default:
                    CountText(ref json, facts);
                    break;
            }
            if (error is not null) return error;
        }

        // Read to the end, so that text after the object is found; it throws on any.
        while (json.Read()) { }

        if (facts.Model is null) return Missing("model");
        if ((seen & (1 << Array.IndexOf(Controls, "messages"))) == 0) return Missing("messages");

        // Where both are given the model API takes the newer one; the larger is what it can cost.
        facts.MaxOutputTokens = maxTokens is null ? maxCompletionTokens : Math.Max(maxTokens.Value, maxCompletionTokens ?? 0);
        facts.FirstMemberAt = start;
        if (!facts.Stream || facts.UsageRequested) return null;
        facts.Patches.Add(options ?? new BodyPatch(start, 0, AskForUsage));
        return null;
    }

    /// <summary>Lowers the members that bound the answer, or adds one.</summary>
    public static void CapOutput(RequestFacts facts, long tokensPerChoice)
    {
        var number = Encoding.ASCII.GetBytes(tokensPerChoice.ToString(CultureInfo.InvariantCulture));
        if (facts.MaxTokensAt is { } at) facts.Patches.Add(new BodyPatch(at.Offset, at.Length, number));
        if (facts.OtherMaxTokensAt is { } other) facts.Patches.Add(new BodyPatch(other.Offset, other.Length, number));
        if (facts.Patches.Count == 0)
            facts.Patches.Add(new BodyPatch(facts.FirstMemberAt, 0, (byte[])[.. "\"max_completion_tokens\":"u8, .. number, (byte)',']));
        facts.Patches.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
    }

    private static InspectionError? ReadModel(ref Utf8JsonReader json, RequestFacts facts)
    {
        if (json.TokenType != JsonTokenType.String)
            return new InspectionError("Invalid type for 'model': expected a string.", "model", "invalid_type");
        var length = ValueLength(json);
        if (length is 0 or > MaxModelBytes)
            return new InspectionError($"Invalid value for 'model': expected 1 to {MaxModelBytes} bytes, found {length}.", "model", "invalid_value");

        Span<byte> bytes = stackalloc byte[MaxModelBytes];
        facts.Model = ModelNames.Intern(bytes[..json.CopyString(bytes)]);
        return null;
    }

    private static InspectionError? ReadFlag(in Utf8JsonReader json, string name, out bool value)
    {
        value = json.TokenType == JsonTokenType.True;
        return json.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
            ? null
            : new InspectionError($"Invalid type for '{name}': expected true or false.", name, "invalid_type");
    }

    private static InspectionError? ReadCount(in Utf8JsonReader json, string name, int most, out long? value)
    {
        value = null;
        if (json.TokenType == JsonTokenType.Null) return null;
        if (json.TokenType != JsonTokenType.Number)
            return new InspectionError($"Invalid type for '{name}': expected an integer.", name, "invalid_type");
        if (!json.TryGetInt64(out var number) || number < 1 || number > most)
            return new InspectionError($"Invalid value for '{name}': expected an integer from 1 to {most}.", name, "invalid_value");
        value = number;
        return null;
    }

    /// <summary>Reads <c>stream_options</c> and says how to change it so that the model API reports usage.</summary>
    private static InspectionError? ReadStreamOptions(ref Utf8JsonReader json, RequestFacts facts, out BodyPatch? patch)
    {
        patch = null;
        if (json.TokenType == JsonTokenType.Null)
        {
            patch = new BodyPatch(json.TokenStartIndex, 4, UsageOptions);
            return null;
        }
        if (json.TokenType != JsonTokenType.StartObject)
            return new InspectionError("Invalid type for 'stream_options': expected an object.", "stream_options", "invalid_type");

        var inside = json.BytesConsumed;
        var isEmpty = true;
        var found = false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            var isUsage = json.ValueTextEquals("include_usage"u8);
            json.Read();
            if (!isUsage)
            {
                json.Skip();
                continue;
            }

            if (found)
                return new InspectionError("The member 'include_usage' stands twice in 'stream_options'.", "stream_options.include_usage", "duplicate_parameter");
            found = true;
            var error = ReadFlag(json, "stream_options.include_usage", out var requested);
            if (error is not null) return error;
            facts.UsageRequested = requested;
            if (!requested) patch = new BodyPatch(json.TokenStartIndex, json.TokenType == JsonTokenType.False ? 5 : 4, True);
        }
        if (!found) patch = new BodyPatch(inside, 0, isEmpty ? UsageMemberAlone : UsageMember);
        return null;
    }

    /// <summary>Counts the text of a value of any kind and leaves the reader at its end.</summary>
    private static void CountText(ref Utf8JsonReader json, RequestFacts facts)
    {
        var depth = json.CurrentDepth;
        var isContainer = json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        do
        {
            if (json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName or JsonTokenType.Number)) continue;
            var length = ValueLength(json);
            if (length >= ShortestMediaBytes && StartsWith(json, "data:"u8)) facts.Media++;
            else facts.TextBytes += length;
        }
        while (isContainer && json.Read() && json.CurrentDepth > depth);
    }

    private static bool StartsWith(in Utf8JsonReader json, ReadOnlySpan<byte> prefix)
    {
        if (!json.HasValueSequence) return json.ValueSpan.StartsWith(prefix);
        Span<byte> head = stackalloc byte[prefix.Length];
        json.ValueSequence.Slice(0, prefix.Length).CopyTo(head);
        return head.SequenceEqual(prefix);
    }

    private static long ValueLength(in Utf8JsonReader json) => json.HasValueSequence ? json.ValueSequence.Length : json.ValueSpan.Length;

    /// <summary>Where a number or null stands. A null counts: put beside it, a second member of the name would leave open which one holds.</summary>
    private static (long Offset, int Length) PlaceOf(in Utf8JsonReader json) =>
        (json.TokenStartIndex, json.TokenType == JsonTokenType.Null ? 4 : (int)ValueLength(json));

    /// <summary>Which control the member's name is, or -1; plain names, of which a body can have millions, without unescaping.</summary>
    private static int ControlAt(in Utf8JsonReader json, Span<byte> scratch, out string? misspelt)
    {
        if (!json.HasValueSequence && !json.ValueIsEscaped && Ascii.IsValid(json.ValueSpan)) return ControlOf(json.ValueSpan, out misspelt);
        if (ValueLength(json) <= MaxControlName) return ControlOf(scratch[..json.CopyString(scratch)], out misspelt);
        misspelt = null;
        return -1;
    }

    private static int ControlOf(ReadOnlySpan<byte> name, out string? misspelt)
    {
        misspelt = null;
        if (name.IsEmpty || (name[0] < 0x80 && !FirstLetters.Contains((byte)(name[0] | 0x20)))) return -1;
        var folded = Ascii.IsValid(name) ? name : Fold(name, stackalloc byte[MaxControlName]);
        if (folded.Length >= 32 || (ControlLengths & (1u << folded.Length)) == 0) return -1;
        for (var i = 0; i < Controls.Length; i++)
        {
            if (!Ascii.EqualsIgnoreCase(folded, Controls[i])) continue;
            if (!Ascii.Equals(name, Controls[i])) misspelt = Encoding.UTF8.GetString(name);
            return i;
        }
        return -1;
    }

    /// <summary>
    /// The name as readers see it that fold case by Unicode (Go's encoding/json does), where the long s and the Kelvin sign are s and k.
    /// </summary>
    private static ReadOnlySpan<byte> Fold(ReadOnlySpan<byte> name, Span<byte> folded)
    {
        var length = 0;
        while (!name.IsEmpty)
        {
            var isLongS = name.StartsWith("\u017F"u8);
            var isKelvin = name.StartsWith("\u212A"u8);
            folded[length++] = isLongS ? (byte)'s' : isKelvin ? (byte)'k' : name[0];
            name = name[(isLongS ? 2 : isKelvin ? 3 : 1)..];
        }
        return folded[..length];
    }

    private static InspectionError Missing(string name) => new($"Missing required parameter: '{name}'.", name, "missing_required_parameter");

    private static string Describe(JsonException error) => error.LineNumber is { } line
        ? $"it is not valid JSON at line {line + 1}, byte {error.BytePositionInLine}. Check brackets, quotes, commas and that nesting is at most {Dialect.MaxDepth} deep."
        : "it is not valid JSON.";
}
