namespace ApiShield.Proxy.Simulation;

/// <summary>When each token of one answer is due: by a plan from its start, so that late timers do not add up.</summary>
internal readonly struct AnswerPace(SimulatorOptions options, SimulatorDirectives directives)
{
    private readonly TimeProvider _clock = options.Clock;
    private readonly long _start = options.Clock.GetTimestamp();
    private readonly double _firstMs = directives.FirstTokenDelayMs ?? options.FirstTokenDelayMs;
    private readonly double _eachMs = directives.DelayPerTokenMs ?? options.EffectiveDelayPerTokenMs;

    /// <summary>Whether tokens wait at all.</summary>
    public bool Waits => _firstMs > 0 || _eachMs > 0;

    /// <summary>How long to wait from now until so many tokens, hidden ones included, may have been sent; zero if they are late.</summary>
    public TimeSpan UntilDue(int tokens)
    {
        if (!Waits) return TimeSpan.Zero;
        var left = TimeSpan.FromMilliseconds(_firstMs + (_eachMs * tokens)) - _clock.GetElapsedTime(_start);

        // Timers count whole milliseconds; less than one is not worth a wait.
        return left < TimeSpan.FromMilliseconds(1) ? TimeSpan.Zero : left;
    }
}
