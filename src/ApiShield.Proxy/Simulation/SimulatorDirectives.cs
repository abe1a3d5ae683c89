using System.Globalization;

namespace ApiShield.Proxy.Simulation;

/// <summary>What one request asks the simulator to do, by its <c>x-simulate</c> header or behind a colon in its model's name.</summary>
internal sealed class SimulatorDirectives
{
    public const string Header = "x-simulate";

    /// <summary>Models that take directives behind a colon; others may have colons of their own.</summary>
    public const string ModelPrefix = "sim-";

    private const string Known =
        "status, retry-after, retry-after-ms, delay-ms-per-token, first-token-delay-ms, tokens, reasoning-tokens, abort-after-tokens, "
        + "reset-after-tokens, error-event-after, hang-after-tokens, no-usage, hang, gzip-response";

    public int? Status { get; private set; }

    public string? RetryAfter { get; private set; }

    public string? RetryAfterMs { get; private set; }

    public double? DelayPerTokenMs { get; private set; }

    public double? FirstTokenDelayMs { get; private set; }

    /// <summary>Exact length of a text answer, a choice.</summary>
    public int? Tokens { get; private set; }

    public int? ReasoningTokens { get; private set; }

    public int? AbortAfterTokens { get; private set; }

    public int? ResetAfterTokens { get; private set; }

    public int? ErrorEventAfter { get; private set; }

    public int? HangAfterTokens { get; private set; }

    public bool NoUsage { get; private set; }

    public bool GzipResponse { get; private set; }

    /// <summary>Adds a comma-separated list such as <c>status=429, retry-after=5</c>; later entries win.</summary>
    /// <returns>Null, or what is wrong with the list: a misspelt one is never passed over.</returns>
    public ChatError? Add(ReadOnlySpan<char> list)
    {
        foreach (var range in list.Split(','))
        {
            var entry = list[range].Trim();
            if (entry.IsEmpty) continue;
            var equals = entry.IndexOf('=');
            var name = equals < 0 ? entry : entry[..equals].TrimEnd();
            var value = equals < 0 ? [] : entry[(equals + 1)..].TrimStart();
            if (!Set(name, value))
                return new ChatError(400, $"The simulator does not understand '{entry}'. It knows: {Known}.", Header, "unknown_directive");
        }

        return null;
    }

    private bool Set(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        switch (name)
        {
            case "hang" when value.IsEmpty: HangAfterTokens = -1; return true;
            case "no-usage" when value.IsEmpty: NoUsage = true; return true;
            case "gzip-response" when value.IsEmpty: GzipResponse = true; return true;
        }

        if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1e7) return false;
        switch (name)
        {
            case "status" when number is >= 400 and <= 599: Status = (int)number; return true;
            case "retry-after": RetryAfter = value.ToString(); return true;
            case "retry-after-ms": RetryAfterMs = value.ToString(); return true;
            case "delay-ms-per-token": DelayPerTokenMs = number; return true;
            case "first-token-delay-ms": FirstTokenDelayMs = number; return true;
            case "tokens": Tokens = (int)number; return true;
            case "reasoning-tokens": ReasoningTokens = (int)number; return true;
            case "abort-after-tokens": AbortAfterTokens = (int)number; return true;
            case "reset-after-tokens": ResetAfterTokens = (int)number; return true;
            case "error-event-after": ErrorEventAfter = (int)number; return true;
            case "hang-after-tokens": HangAfterTokens = (int)number; return true;
            default: return false;
        }
    }
}
