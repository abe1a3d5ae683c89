using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Writes an answer as one <c>chat.completion</c> object.</summary>
internal static class ChatCompletionWriter
{
    public static void Write(Utf8JsonWriter json, ChatRequest request, SimulatedAnswer answer, ResponseHead head, bool withUsage)
    {
        json.WriteStartObject();
        head.Write(json, "chat.completion"u8);
        json.WriteStartArray("choices"u8);
        for (var i = 0; i < answer.Count; i++) WriteChoice(json, request, answer[i], i);
        json.WriteEndArray();
        if (withUsage)
        {
            json.WritePropertyName("usage"u8);
            ResponseHead.WriteUsage(json, answer);
        }

        json.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter json, ChatRequest request, SimulatedChoice choice, int index)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, "assistant"u8);
        if (choice.ToolName is null) json.WriteString("content"u8, choice.Content.Bytes);
        else
        {
            json.WriteNull("content"u8);
            WriteToolCall(json, choice);
        }

        if (choice.Reasoning.Count > 0) json.WriteString("reasoning_content"u8, choice.Reasoning.Bytes);
        json.WriteNull("refusal"u8);
        json.WriteStartArray("annotations"u8);
        json.WriteEndArray();
        json.WriteEndObject();

        if (!request.LogProbs || choice.ToolName is not null) json.WriteNull("logprobs"u8);
        else
        {
            json.WriteStartObject("logprobs"u8);
            json.WriteStartArray("content"u8);
            for (var i = 0; i < choice.Content.Count; i++) LogProbabilities.Write(json, choice.Content[i], choice.Seed, i, request.TopLogProbs);
            json.WriteEndArray();
            json.WriteNull("refusal"u8);
            json.WriteEndObject();
        }

        json.WriteString("finish_reason"u8, choice.FinishReason);
        json.WriteEndObject();
    }

    private static void WriteToolCall(Utf8JsonWriter json, SimulatedChoice choice)
    {
        json.WriteStartArray("tool_calls"u8);
        json.WriteStartObject();
        json.WriteString("id"u8, choice.ToolCallId);
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, choice.ToolName);
        json.WriteString("arguments"u8, choice.Content.Bytes);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
