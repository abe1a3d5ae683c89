using System.Buffers;

namespace ApiShield.Yarp;

/// <summary>A growing run of bytes in a rented buffer.</summary>
internal sealed class PooledBytes : IDisposable
{
    private byte[] _buffer = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + bytes.Length, _buffer.Length * 2));
            Memory.Span.CopyTo(larger);
            Release();
            _buffer = larger;
        }
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Clear() => Length = 0;

    public void Dispose()
    {
        Release();
        _buffer = [];
        Length = 0;
    }

    private void Release()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
    }
}
