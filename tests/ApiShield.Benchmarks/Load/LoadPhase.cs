using System.Text.Json;

namespace ApiShield.Benchmarks.Load;

/// <summary>What the load generator is asked to do for some time.</summary>
/// <param name="Port">Where.</param>
/// <param name="Stream">Whether the answers come as streams.</param>
/// <param name="Connections">Connections, each with one request at a time.</param>
/// <param name="Rate">
/// Requests a second, arriving at random (Poisson, the same every time) whether earlier ones have been answered or not; 0 for closed loop: each
/// connection sends its next request when it has the answer to the last.
/// </param>
/// <param name="Seconds">How long it is measured; a tenth as long is run before and not counted.</param>
internal sealed record LoadPhase(int Port, bool Stream, int Connections, double Rate, double Seconds)
{
    public static LoadPhase Parse(string line) => JsonSerializer.Deserialize<LoadPhase>(line)!;

    public string ToLine() => JsonSerializer.Serialize(this);
}
