using System.IO.Compression;
using ApiShield.Enforcement;

namespace ApiShield.Yarp;

/// <summary>Undoes the Content-Encoding of a request body so that it can be inspected, within limits of size and ratio.</summary>
internal static class ContentDecoding
{
    private const int AnyRatioBelow = 1024 * 1024;
    private const int MostRatio = 100;

    /// <summary>Decodes a body.</summary>
    /// <param name="encoding">The header's value: gzip, br or deflate.</param>
    /// <param name="raw">The body as it was sent.</param>
    /// <param name="decoded">Takes the decoded body.</param>
    /// <param name="most">The most decoded bytes.</param>
    /// <returns>Why it cannot be decoded, or null.</returns>
    public static async ValueTask<Denial?> DecodeAsync(string encoding, RequestBody raw, RequestBody decoded, long most)
    {
        await using var source = new ReplayStream(raw.Patched([]).Pieces);
        await using var decoder = Decoder(encoding, source);
        if (decoder is null)
            return Denials.Invalid(415, $"Content-Encoding '{Shown(encoding)}' is not supported here: send gzip, br, deflate, or no encoding.", "unsupported_encoding");

        most = Math.Min(most, Math.Max(AnyRatioBelow, raw.Length * MostRatio));
        try
        {
            return await decoded.ReadAsync(decoder, null, most, CancellationToken.None).ConfigureAwait(false) switch
            {
                RequestBodyOutcome.TooLarge => Denials.Invalid(413, "The body of your request is too large when decoded.", "request_too_large"),
                RequestBodyOutcome.NoBudget => Denials.Busy(),
                _ => null,
            };
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
        {
            return Denials.Invalid(400, $"The body of your request is not valid {Shown(encoding)} data.", "invalid_encoding");
        }
    }

    private static Stream? Decoder(string encoding, Stream source)
    {
        if (encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase) || encoding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase))
            return new GZipStream(source, CompressionMode.Decompress);
        if (encoding.Equals("br", StringComparison.OrdinalIgnoreCase)) return new BrotliStream(source, CompressionMode.Decompress);
        if (encoding.Equals("deflate", StringComparison.OrdinalIgnoreCase)) return new ZLibStream(source, CompressionMode.Decompress);
        return null;
    }

    private static string Shown(string encoding) => encoding.Length <= 32 ? encoding : encoding[..32] + "...";
}
