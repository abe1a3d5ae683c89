namespace ApiShield.Yarp;

/// <summary>Bounds of the adapter.</summary>
public sealed record ShieldOptions
{
    /// <summary>The largest request body read on an inspected route, in bytes; larger ones are answered 413.</summary>
    public long MaxRequestBodyBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bytes of request bodies held at one time over all requests; beyond it requests are answered 503.</summary>
    public long MaxBufferedBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>The largest answer that is not a stream whose usage is read; the tokens of larger ones are counted by size.</summary>
    public int MaxResponseBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The largest server-sent event that is held until it is whole.</summary>
    public int MaxEventBytes { get; init; } = 4 * 1024 * 1024;
}
