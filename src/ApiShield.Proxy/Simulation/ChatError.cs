using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>A refusal in OpenAI's shape.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Message">For people.</param>
/// <param name="Parameter">The member of the request at fault, or null.</param>
/// <param name="Code">The machine-readable reason, or null.</param>
/// <param name="Type">The class of the error.</param>
internal sealed record ChatError(int Status, string Message, string? Parameter = null, string? Code = null, string Type = "invalid_request_error")
{
    public static ChatError NotJson { get; } = new(400, "The body of the request is not valid JSON.");

    public static ChatError TooLarge { get; } = new(413, "The body of the request is too large.", Code: "request_too_large");

    public static ChatError WrongType(string parameter, string expected, JsonTokenType got) =>
        new(400, $"Invalid type for '{parameter}': expected {expected}, but got {Name(got)} instead.", parameter, "invalid_type");

    public static ChatError OutOfRange(string parameter, string expected) =>
        new(400, $"Invalid value for '{parameter}': expected {expected}.", parameter, "invalid_value");

    public static ChatError Missing(string parameter) =>
        new(400, $"Missing required parameter: '{parameter}'.", parameter, "missing_required_parameter");

    /// <summary>What an upstream says with a status that a request asked for.</summary>
    public static ChatError OnDemand(int status) => status switch
    {
        401 => new(401, "[simulated] The API key is not known.", null, "invalid_api_key"),
        403 => new(403, "[simulated] The project may not use this model.", null, "model_not_allowed"),
        404 => new(404, "[simulated] The model does not exist.", "model", "model_not_found"),
        429 => new(429, "[simulated] Too many requests for now.", null, "rate_limit_exceeded", "requests"),
        503 => new(503, "[simulated] The model is overloaded.", null, null, "overloaded_error"),
        >= 500 => new(status, "[simulated] The server failed on this request.", null, null, "server_error"),
        _ => new(status, "[simulated] The request was refused."),
    };

    /// <summary>Writes <c>{"error":{...}}</c> with all four members, absent ones as null.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, Message);
        json.WriteString("type"u8, Type);
        json.WriteString("param"u8, Parameter);
        json.WriteString("code"u8, Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Name(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };
}
