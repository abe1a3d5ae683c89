using System.Buffers;
using ApiShield.Enforcement;

namespace ApiShield.Dialects;

/// <summary>Port to one vendor's API: its request, response, error and header shapes. Stateless; one instance serves all requests.</summary>
public abstract class Dialect
{
    /// <summary>The deepest nesting of a body that is read; far above what any published request needs.</summary>
    public const int MaxDepth = 256;

    /// <summary>Name in configuration and telemetry.</summary>
    public abstract string Name { get; }

    /// <summary>Media type of a refusal.</summary>
    public virtual string ErrorContentType => "application/json";

    /// <summary>What a request line means. The path is compared exactly: any other spelling is <see cref="DialectOperation.Unknown"/>.</summary>
    public abstract DialectOperation Operation(string method, string path);

    /// <summary>Reads a body in one pass; null if it can be forwarded. Never throws on bad input.</summary>
    public abstract InspectionError? Inspect(in ReadOnlySequence<byte> body, RequestFacts facts);

    /// <summary>Adds the patch that keeps each choice of an answer to at most so many tokens.</summary>
    public abstract void CapOutput(RequestFacts facts, long tokensPerChoice);

    /// <summary>A reader for the answer to one request; returned to the dialect by <see cref="Return"/>.</summary>
    public abstract ResponseReader RentReader();

    /// <summary>Takes a reader back for reuse.</summary>
    public abstract void Return(ResponseReader reader);

    /// <summary>Writes the body of a refusal.</summary>
    public abstract void WriteDenial(IBufferWriter<byte> output, Denial denial);

    /// <summary>Writes the event with which a running stream ends early, so that the dialect's clients raise an error.</summary>
    public abstract void WriteStreamError(IBufferWriter<byte> output, Denial denial);

    /// <summary>Sets the dialect's own rate-limit headers; the standard ones are not its business.</summary>
    public abstract void WriteLimits(IHeaderWriter headers, in LimitSummary limits, DateTimeOffset now);
}
