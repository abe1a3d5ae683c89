using System.Collections.Concurrent;

namespace ApiShield.Enforcement;

/// <summary>Tokens a byte of text, learned per model from the usage that the model API reports; stands in for a tokenizer.</summary>
/// <remarks>
/// A tokenizer run on text of a client's choosing is a denial of service, and every model has another. Input is estimated before the fact, so its
/// rate follows high observations quickly and low ones slowly (an expectile); output is counted to charge an answer whose usage was never reported,
/// so its rate is a plain moving average.
/// </remarks>
internal sealed class TokenRates
{
    private const int MaxModels = 1024;
    private const double InitialInput = 0.4;
    private const double InitialOutput = 0.3;
    private const double Least = 0.02;
    private const double Most = 2;
    private const long FewestBytes = 16;
    private const int TokensPerMedium = 800; // A 1024 x 1024 image is 765 tokens by OpenAI's published formula.

    private readonly ConcurrentDictionary<string, Rates> _models = new(StringComparer.Ordinal);
    private readonly Rates _others = new();
    private int _count;

    /// <summary>Estimated input tokens of a request, at least 1.</summary>
    public long EstimateInput(string? model, long textBytes, int media) =>
        Math.Max(1, (long)Math.Ceiling(textBytes * For(model).Input) + ((long)media * TokensPerMedium));

    /// <summary>Output tokens a byte of answer text.</summary>
    public double OutputRate(string? model) => For(model).Output;

    /// <summary>Learns from one exchange's reported usage.</summary>
    public void Learn(string? model, long textBytes, long inputTokens, long outputBytes, long outputTokens, int media)
    {
        var rates = ForLearning(model);
        if (textBytes >= FewestBytes && media == 0 && inputTokens > 0)
        {
            var seen = Math.Clamp((double)inputTokens / textBytes, Least, Most);
            rates.Input += (seen - rates.Input) * (seen > rates.Input ? 0.25 : 0.02);
        }
        if (outputBytes >= FewestBytes && outputTokens > 0)
        {
            var seen = Math.Clamp((double)outputTokens / outputBytes, Least, Most);
            rates.Output += (seen - rates.Output) * 0.05;
        }
    }

    private Rates For(string? model) => model is not null && _models.TryGetValue(model, out var rates) ? rates : _others;

    /// <summary>A model gets rates of its own with its first answer, so that made-up names take no place.</summary>
    private Rates ForLearning(string? model)
    {
        if (model is null) return _others;
        if (_models.TryGetValue(model, out var rates)) return rates;
        return Interlocked.Increment(ref _count) <= MaxModels ? _models.GetOrAdd(model, static _ => new Rates()) : _others;
    }

    /// <summary>Updated without a lock: a lost observation does no harm.</summary>
    private sealed class Rates
    {
        public double Input = InitialInput;
        public double Output = InitialOutput;
    }
}
