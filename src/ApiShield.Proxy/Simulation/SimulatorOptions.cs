namespace ApiShield.Proxy.Simulation;

/// <summary>What the model simulator listens on and how it behaves when a request asks for nothing special.</summary>
internal sealed class SimulatorOptions
{
    /// <summary>Where to listen; port 0 takes a free one, which the started application's <c>Urls</c> then names.</summary>
    public string Url { get; init; } = "http://127.0.0.1:8082";

    /// <summary>Milliseconds between two tokens of an answer; fractions count. 0 answers at once.</summary>
    public double DelayPerTokenMs { get; init; }

    /// <summary>The same as a rate; where above 0 it replaces <see cref="DelayPerTokenMs"/>.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>Milliseconds before the first token.</summary>
    public double FirstTokenDelayMs { get; init; }

    /// <summary>Varies all answers; null is the same as 0.</summary>
    public long? Seed { get; init; }

    /// <summary>The largest request body, in bytes as sent and as decompressed; a larger one is answered with 413.</summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The clock of delays and of <c>created</c>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Milliseconds between two tokens after both settings.</summary>
    public double EffectiveDelayPerTokenMs => TokensPerSecond > 0 ? 1000 / TokensPerSecond : DelayPerTokenMs;
}
