namespace ApiShield.Proxy.Hosting;

/// <summary>The section <c>ApiShield:Simulator</c>.</summary>
internal sealed class SimulatorSettings
{
    /// <summary>Where the simulator listens; empty turns it off.</summary>
    public string Listen { get; set; } = "";

    /// <summary>Milliseconds between two tokens of an answer.</summary>
    public double DelayPerTokenMs { get; set; }
}
