using System.Text.Json;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>
/// The members of chat completions and of their chunks with their JSON types, written down from the published API reference
/// (platform.openai.com/docs/api-reference/chat). A trailing <c>?</c> allows null, a leading <c>~</c> allows absence.
/// </summary>
internal static class PublishedShape
{
    private static readonly Dictionary<string, string[]> Objects = new()
    {
        ["completion"] =
        [
            "id:string", "object:'chat.completion'", "created:integer", "model:string", "choices:[choice]", "~usage:usage",
            "~service_tier:string?", "~system_fingerprint:string",
        ],
        ["choice"] = ["index:integer", "message:message", "logprobs:logprobs?", "finish_reason:finish"],
        ["message"] =
        [
            "role:'assistant'", "content:string?", "refusal:string?", "~annotations:[annotation]", "~tool_calls:[call]",

            // Not in OpenAI's reference; what reasoning models of several makers send.
            "~reasoning_content:string",
        ],
        ["call"] = ["id:string", "type:'function'", "function:function"],
        ["function"] = ["name:string", "arguments:string"],
        ["logprobs"] = ["content:[logprob]?", "refusal:[logprob]?"],
        ["logprob"] = ["token:string", "logprob:number", "bytes:[integer]?", "top_logprobs:[top]"],
        ["top"] = ["token:string", "logprob:number", "bytes:[integer]?"],
        ["usage"] =
        [
            "prompt_tokens:integer", "completion_tokens:integer", "total_tokens:integer", "~prompt_tokens_details:promptDetails",
            "~completion_tokens_details:completionDetails",
        ],
        ["promptDetails"] = ["~cached_tokens:integer", "~audio_tokens:integer"],
        ["completionDetails"] =
        [
            "~reasoning_tokens:integer", "~audio_tokens:integer", "~accepted_prediction_tokens:integer", "~rejected_prediction_tokens:integer",
        ],
        ["chunk"] =
        [
            "id:string", "object:'chat.completion.chunk'", "created:integer", "model:string", "choices:[chunkChoice]", "~usage:usage?",
            "~service_tier:string?", "~system_fingerprint:string",
        ],
        ["chunkChoice"] = ["index:integer", "delta:delta", "finish_reason:finish?", "~logprobs:logprobs?"],
        ["delta"] =
        [
            "~role:'assistant'", "~content:string?", "~refusal:string?", "~tool_calls:[chunkCall]", "~reasoning_content:string",
        ],
        ["chunkCall"] = ["index:integer", "~id:string", "~type:'function'", "~function:chunkFunction"],
        ["chunkFunction"] = ["~name:string", "~arguments:string"],
        ["errorBody"] = ["error:error"],
        ["error"] = ["message:string", "type:string", "param:string?", "code:string?"],
        ["models"] = ["object:'list'", "data:[model]"],
        ["model"] = ["id:string", "object:'model'", "created:integer", "owned_by:string"],
    };

    private static readonly string[] FinishReasons = ["stop", "length", "tool_calls", "content_filter", "function_call"];

    /// <summary>Fails with the path of the first member that is missing, unknown or of another type than published.</summary>
    public static void Check(JsonElement value, string shape) => Check(value, shape, shape);

    private static void Check(JsonElement value, string shape, string path)
    {
        if (shape.EndsWith('?'))
        {
            if (value.ValueKind != JsonValueKind.Null) Check(value, shape[..^1], path);
        }
        else if (shape.StartsWith('['))
        {
            Assert.True(value.ValueKind == JsonValueKind.Array, $"{path} is no array");
            foreach (var item in value.EnumerateArray()) Check(item, shape[1..^1], path + "[]");
        }
        else if (shape.StartsWith('\'')) Assert.True(value.ValueKind == JsonValueKind.String && value.GetString() == shape.Trim('\''), $"{path} is not {shape}");
        else if (shape == "string") Assert.True(value.ValueKind == JsonValueKind.String, $"{path} is no string");
        else if (shape == "integer") Assert.True(value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _), $"{path} is no integer");
        else if (shape == "number") Assert.True(value.ValueKind == JsonValueKind.Number, $"{path} is no number");
        else if (shape == "finish") Assert.True(value.ValueKind == JsonValueKind.String && FinishReasons.Contains(value.GetString()), $"{path} is no finish reason");
        else CheckObject(value, Objects[shape], path);
    }

    private static void CheckObject(JsonElement value, string[] members, string path)
    {
        Assert.True(value.ValueKind == JsonValueKind.Object, $"{path} is no object");
        var known = new HashSet<string>();
        foreach (var member in members)
        {
            var parts = member.TrimStart('~').Split(':', 2);
            known.Add(parts[0]);
            if (value.TryGetProperty(parts[0], out var found)) Check(found, parts[1], $"{path}.{parts[0]}");
            else Assert.True(member.StartsWith('~'), $"{path} lacks {parts[0]}");
        }

        foreach (var property in value.EnumerateObject()) Assert.True(known.Contains(property.Name), $"{path} has the unknown member {property.Name}");
    }
}
