using System.Buffers;
using System.Text.Json;
using ApiShield.Enforcement;

namespace ApiShield.Dialects;

/// <summary>Any HTTP API: requests and concurrency can be limited, tokens cannot be seen. Refusals are problem details (RFC 9457).</summary>
public sealed class GenericDialect : Dialect
{
    /// <inheritdoc/>
    public override string Name => "generic";

    /// <inheritdoc/>
    public override string ErrorContentType => "application/problem+json";

    /// <inheritdoc/>
    public override DialectOperation Operation(string method, string path) => DialectOperation.Plain;

    /// <inheritdoc/>
    public override InspectionError? Inspect(in ReadOnlySequence<byte> body, RequestFacts facts) => null;

    /// <inheritdoc/>
    public override void CapOutput(RequestFacts facts, long tokensPerChoice) => throw new NotSupportedException("A generic exchange makes no tokens.");

    /// <inheritdoc/>
    public override ResponseReader RentReader() => throw new NotSupportedException("A generic exchange makes no tokens.");

    /// <inheritdoc/>
    public override void Return(ResponseReader reader)
    {
    }

    /// <inheritdoc/>
    public override void WriteDenial(IBufferWriter<byte> output, Denial denial)
    {
        ArgumentNullException.ThrowIfNull(denial);
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("type"u8, denial.Kind switch
        {
            // Registered by draft-ietf-httpapi-ratelimit-headers, "Problem Types".
            DenialKind.QuotaExceeded or DenialKind.RequestTooLarge => "https://iana.org/assignments/http-problem-types#quota-exceeded",
            DenialKind.StoreUnavailable => "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
            _ => "about:blank",
        });
        json.WriteString("title"u8, denial.Code);
        json.WriteNumber("status"u8, denial.Status);
        json.WriteString("detail"u8, denial.Message);
        if (denial.Rule is not null)
        {
            json.WriteStartArray("violated-policies"u8);
            json.WriteStringValue(denial.Rule);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public override void WriteStreamError(IBufferWriter<byte> output, Denial denial) => throw new NotSupportedException("A generic exchange is not observed.");

    /// <inheritdoc/>
    public override void WriteLimits(IHeaderWriter headers, in LimitSummary limits, DateTimeOffset now)
    {
        // The standard RateLimit fields say it all.
    }
}
