using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using ApiShield.Enforcement;

namespace ApiShield.Dialects.OpenAI;

/// <summary>OpenAI chat completions, and the model list that its clients read first.</summary>
/// <remarks>Shapes: OpenAI API reference, "Chat", "Streaming", "Error codes" and "Rate limits" (headers).</remarks>
public sealed class OpenAIChat : Dialect
{
    private const int PooledReaders = 256;

    private readonly ConcurrentBag<OpenAIChatReader> _readers = [];

    /// <inheritdoc/>
    public override string Name => "openai-chat";

    /// <inheritdoc/>
    public override DialectOperation Operation(string method, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path == "/v1/chat/completions") return method == "POST" ? DialectOperation.Generate : DialectOperation.Unknown;
        if (method != "GET") return DialectOperation.Unknown;
        return path == "/v1/models" || (path.StartsWith("/v1/models/", StringComparison.Ordinal) && !path.AsSpan(11).Contains('/'))
            ? DialectOperation.Plain
            : DialectOperation.Unknown;
    }

    /// <inheritdoc/>
    public override InspectionError? Inspect(in ReadOnlySequence<byte> body, RequestFacts facts) => OpenAIChatRequest.Read(body, facts);

    /// <inheritdoc/>
    public override void CapOutput(RequestFacts facts, long tokensPerChoice) => OpenAIChatRequest.CapOutput(facts, tokensPerChoice);

    /// <inheritdoc/>
    public override ResponseReader RentReader() => _readers.TryTake(out var reader) ? reader : new OpenAIChatReader();

    /// <inheritdoc/>
    public override void Return(ResponseReader reader)
    {
        if (reader is OpenAIChatReader mine && _readers.Count < PooledReaders) _readers.Add(mine);
    }

    /// <inheritdoc/>
    public override void WriteDenial(IBufferWriter<byte> output, Denial denial)
    {
        ArgumentNullException.ThrowIfNull(denial);
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, denial.Message);
        json.WriteString("type"u8, TypeOf(denial.Kind));
        json.WriteString("param"u8, denial.Parameter);
        json.WriteString("code"u8, denial.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public override void WriteStreamError(IBufferWriter<byte> output, Denial denial)
    {
        output.Write("data: "u8);
        WriteDenial(output, denial);
        output.Write("\n\n"u8);
    }

    /// <inheritdoc/>
    public override void WriteLimits(IHeaderWriter headers, in LimitSummary limits, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(headers);
        if (limits.Requests is { } requests)
            Write(headers, requests, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests");
        if (limits.Tokens is { } tokens)
            Write(headers, tokens, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens");
    }

    /// <summary>The reset is that of the limit whose rest is told: the upstream's beside ours would bring a caller back too early.</summary>
    private static void Write(IHeaderWriter headers, in LimitState state, string limit, string remaining, string reset)
    {
        headers.SetNoMoreThan(limit, state.Limit);
        if (headers.SetNoMoreThan(remaining, state.Remaining)) headers.Replace(reset, Duration(state.Reset));
        else headers.Set(reset, Duration(state.Reset));
    }

    /// <summary>A duration as OpenAI writes it: <c>250ms</c>, <c>1.5s</c>, <c>6m0s</c>, <c>2h3m4s</c>.</summary>
    internal static string Duration(TimeSpan time)
    {
        var culture = CultureInfo.InvariantCulture;
        if (time < TimeSpan.FromSeconds(1)) return string.Create(culture, $"{(long)Math.Ceiling(time.TotalMilliseconds)}ms");
        if (time < TimeSpan.FromMinutes(1)) return string.Create(culture, $"{Math.Ceiling(time.TotalMilliseconds) / 1000:0.###}s");
        var seconds = (long)Math.Ceiling(time.TotalSeconds);
        return seconds < 3600
            ? string.Create(culture, $"{seconds / 60}m{seconds % 60}s")
            : string.Create(culture, $"{seconds / 3600}h{seconds / 60 % 60}m{seconds % 60}s");
    }

    private static string TypeOf(DenialKind kind) => kind switch
    {
        DenialKind.QuotaExceeded or DenialKind.RequestTooLarge => "rate_limit_exceeded",
        DenialKind.Forbidden => "permission_denied",
        DenialKind.StoreUnavailable or DenialKind.UpstreamUnavailable => "server_error",
        _ => "invalid_request_error",
    };
}
