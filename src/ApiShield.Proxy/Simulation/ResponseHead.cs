using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>What all parts of one answer say about it.</summary>
/// <param name="Id">The completion's id.</param>
/// <param name="Created">Unix time in seconds.</param>
/// <param name="Model">The model as the request names it.</param>
internal readonly record struct ResponseHead(string Id, long Created, string Model)
{
    /// <summary>Writes the members that stand before <c>choices</c>.</summary>
    public void Write(Utf8JsonWriter json, ReadOnlySpan<byte> kind)
    {
        json.WriteString("id"u8, Id);
        json.WriteString("object"u8, kind);
        json.WriteNumber("created"u8, Created);
        json.WriteString("model"u8, Model);
        json.WriteString("service_tier"u8, "default"u8);
        json.WriteString("system_fingerprint"u8, "fp_simulated"u8);
    }

    /// <summary>Writes the value of <c>usage</c>.</summary>
    public static void WriteUsage(Utf8JsonWriter json, SimulatedAnswer answer)
    {
        json.WriteStartObject();
        json.WriteNumber("prompt_tokens"u8, answer.PromptTokens);
        json.WriteNumber("completion_tokens"u8, answer.CompletionTokens);
        json.WriteNumber("total_tokens"u8, answer.PromptTokens + answer.CompletionTokens);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, 0);
        json.WriteNumber("audio_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, answer.ReasoningTokens);
        json.WriteNumber("audio_tokens"u8, 0);
        json.WriteNumber("accepted_prediction_tokens"u8, 0);
        json.WriteNumber("rejected_prediction_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
