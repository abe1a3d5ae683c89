using System.Text.Json;

namespace ApiShield.Benchmarks.Load;

/// <summary>What one phase came to. Times in milliseconds, from the moment a request was due.</summary>
/// <param name="Answers">Answers counted.</param>
/// <param name="Errors">Answers with another status than 200, and connections lost; each ends its connection.</param>
/// <param name="PerSecond">Answers a second.</param>
/// <param name="Median">Half of the answers were whole by then.</param>
/// <param name="P99">99 of 100 answers were whole by then.</param>
/// <param name="FirstMedian">Half of the answers had begun by then: the first byte of the body, time to first token for a stream.</param>
/// <param name="FirstP99">99 of 100 answers had begun by then.</param>
internal sealed record LoadResult(long Answers, long Errors, double PerSecond, double Median, double P99, double FirstMedian, double FirstP99)
{
    public static LoadResult Parse(string line) => JsonSerializer.Deserialize<LoadResult>(line)!;

    public string ToLine() => JsonSerializer.Serialize(this);
}
