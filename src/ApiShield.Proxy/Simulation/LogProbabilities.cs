using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Writes log probabilities of tokens: falling, no more than 1 in sum, the same for the same answer.</summary>
internal static class LogProbabilities
{
    /// <summary>Tokens that might have stood there instead: words of all topics that are one token with their space.</summary>
    private static readonly byte[][] Instead = [.. Topics.All
        .SelectMany(topic => topic.Nouns.Concat(topic.Adjectives))
        .Where(word => word.Length <= 6 && Array.TrueForAll(word, value => char.IsAsciiLetterLower((char)value)))
        .Select(word => (byte[])[(byte)' ', .. word])
        .DistinctBy(System.Text.Encoding.UTF8.GetString)];

    /// <summary>Writes one entry of <c>logprobs.content</c>.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="token">The token that was taken.</param>
    /// <param name="seed">The choice's seed.</param>
    /// <param name="index">The token's place.</param>
    /// <param name="top">How many of the likeliest tokens to list, this one among them.</param>
    public static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> token, ulong seed, int index, int top)
    {
        var random = new SimulatorRandom(SimulatorRandom.Mix(seed + (ulong)index));
        var probability = 0.5 + (0.499 * random.Unit());
        var first = random.Below(Instead.Length);

        json.WriteStartObject();
        Members(json, token, Math.Log(probability));
        json.WriteStartArray("top_logprobs"u8);
        for (int listed = 0, at = first; listed < top; at++)
        {
            ReadOnlySpan<byte> other = Instead[at % Instead.Length];
            if (listed > 0 && other.SequenceEqual(token)) continue;
            json.WriteStartObject();
            if (listed == 0) Members(json, token, Math.Log(probability));
            else Members(json, other, Math.Log((1 - probability) * Math.Pow(0.5, listed)));
            json.WriteEndObject();
            listed++;
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Members(Utf8JsonWriter json, ReadOnlySpan<byte> token, double logProbability)
    {
        json.WriteString("token"u8, token);
        json.WriteNumber("logprob"u8, Math.Round(logProbability, 6));
        json.WriteStartArray("bytes"u8);
        foreach (var value in token) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
