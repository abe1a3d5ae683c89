using System.Buffers;
using System.IO.Compression;

namespace ApiShield.Proxy.Simulation;

/// <summary>A request's body in one rented piece, decompressed.</summary>
internal readonly struct RequestBody(byte[] rented, int length) : IDisposable
{
    public ReadOnlyMemory<byte> Bytes => rented.AsMemory(0, length);

    /// <summary>Reads a body to its end.</summary>
    /// <returns>Null if it is larger than <paramref name="most"/> bytes.</returns>
    /// <exception cref="InvalidDataException">It is not compressed as it says.</exception>
    public static async ValueTask<RequestBody?> ReadAsync(HttpRequest request, int most)
    {
        var source = request.Headers.ContentEncoding.ToString() switch
        {
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
            "br" => new BrotliStream(request.Body, CompressionMode.Decompress),
            _ => request.Body,
        };
        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(request.ContentLength + 1 ?? 4096, 256, 1 << 20));
        var length = 0;
        try
        {
            while (true)
            {
                var read = await source.ReadAsync(rented.AsMemory(length), request.HttpContext.RequestAborted);
                if (read == 0) return new RequestBody(rented, length);
                length += read;
                if (length > most) break;
                if (length == rented.Length) rented = Grow(rented);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(rented);
            throw;
        }

        ArrayPool<byte>.Shared.Return(rented);
        return null;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(rented);

    private static byte[] Grow(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
