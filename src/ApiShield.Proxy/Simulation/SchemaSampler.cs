using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Writes JSON that fits a JSON Schema, for arguments of tool calls and for structured answers; knows the part of it that such schemas use.</summary>
internal sealed class SchemaSampler(Utf8JsonWriter json, Topic topic, QuestionWords question)
{
    /// <summary>Schemas may refer to themselves; below this depth everything optional is left out.</summary>
    private const int Deepest = 8;

    private readonly TokenText _phrase = new();
    private JsonElement _root;

    public void Write(JsonElement schema, ref SimulatorRandom random)
    {
        _root = schema;
        Write(schema, 0, ref random);
        json.Flush();
    }

    /// <summary>Writes an object that says that it is simulated, with so many entries.</summary>
    public void WriteAnything(int entries, ref SimulatorRandom random)
    {
        json.WriteStartObject();
        json.WriteBoolean("simulated"u8, true);
        json.WriteString("topic"u8, question.Count > 0 ? question[0] : topic.Nouns[0]);
        json.WriteNumber("confidence"u8, Math.Round(0.5 + (random.Unit() / 2), 2));
        json.WriteStartArray("steps"u8);
        for (var i = 0; i < entries; i++) json.WriteStringValue(Phrase(ref random));
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    private void Write(JsonElement schema, int depth, ref SimulatorRandom random)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            json.WriteStringValue(Phrase(ref random));
            return;
        }

        if (schema.TryGetProperty("const"u8, out var constant)) constant.WriteTo(json);
        else if (schema.TryGetProperty("enum"u8, out var options) && options.ValueKind == JsonValueKind.Array && options.GetArrayLength() > 0)
            options[random.Below(options.GetArrayLength())].WriteTo(json);
        else if (Alternative(schema) is { } other && depth < Deepest) Write(other, depth + 1, ref random);
        else WriteType(schema, depth, ref random);
    }

    private void WriteType(JsonElement schema, int depth, ref SimulatorRandom random)
    {
        switch (TypeOf(schema))
        {
            case "object": WriteObject(schema, depth, ref random); break;
            case "array":
                json.WriteStartArray();
                var least = (int)Bound(schema, "minItems", 0);
                var count = depth >= Deepest ? least : Math.Max(least, 1 + random.Below(3));
                count = Math.Min(count, (int)Bound(schema, "maxItems", 32));
                for (var i = 0; i < count; i++)
                    Write(schema.TryGetProperty("items"u8, out var items) ? items : default, depth + 1, ref random);
                json.WriteEndArray();
                break;
            case "integer" or "number":
                var low = Bound(schema, "minimum", 0);
                var high = Math.Max(low, Bound(schema, "maximum", low + 100));
                var number = low + (random.Unit() * (high - low));
                if (TypeOf(schema) == "integer") json.WriteNumberValue(Math.Clamp((long)Math.Round(number), (long)Math.Ceiling(low), (long)Math.Floor(high)));
                else json.WriteNumberValue(Math.Clamp(Math.Round(number, 2), low, high));
                break;
            case "boolean": json.WriteBooleanValue(random.Below(2) == 0); break;
            case "null": json.WriteNullValue(); break;
            default: json.WriteStringValue(Phrase(ref random)); break;
        }
    }

    private void WriteObject(JsonElement schema, int depth, ref SimulatorRandom random)
    {
        json.WriteStartObject();
        if (schema.TryGetProperty("properties"u8, out var properties) && properties.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in properties.EnumerateObject())
            {
                if (depth >= Deepest && !IsRequired(schema, property.Name)) continue;
                json.WritePropertyName(property.Name);
                if (depth > 2 * Deepest) json.WriteNullValue();
                else Write(property.Value, depth + 1, ref random);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>The schema that stands for this one: what it refers to, or the first of several.</summary>
    private JsonElement? Alternative(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref"u8, out var reference) && reference.ValueKind == JsonValueKind.String)
        {
            var at = _root;
            foreach (var step in reference.GetString()!.Split('/').Skip(1))
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(step, out at)) return null;
            return at;
        }

        foreach (var name in (string[])["anyOf", "oneOf", "allOf"])
            if (schema.TryGetProperty(name, out var some) && some.ValueKind == JsonValueKind.Array && some.GetArrayLength() > 0) return some[0];
        return null;
    }

    private static string? TypeOf(JsonElement schema)
    {
        if (!schema.TryGetProperty("type"u8, out var type)) return schema.TryGetProperty("properties"u8, out _) ? "object" : null;
        if (type.ValueKind == JsonValueKind.Array) type = type.EnumerateArray().FirstOrDefault();
        return type.ValueKind == JsonValueKind.String ? type.GetString() : null;
    }

    private static double Bound(JsonElement schema, string name, double otherwise) =>
        schema.TryGetProperty(name, out var bound) && bound.ValueKind == JsonValueKind.Number ? Math.Clamp(bound.GetDouble(), -1e9, 1e9) : otherwise;

    private static bool IsRequired(JsonElement schema, string name)
    {
        if (!schema.TryGetProperty("required"u8, out var required) || required.ValueKind != JsonValueKind.Array) return false;
        foreach (var one in required.EnumerateArray())
            if (one.ValueKind == JsonValueKind.String && one.ValueEquals(name)) return true;
        return false;
    }

    private ReadOnlySpan<byte> Phrase(ref SimulatorRandom random)
    {
        _phrase.Clear();
        TextGrammar.Phrase(_phrase, topic, question, ref random);
        return _phrase.Bytes;
    }
}
