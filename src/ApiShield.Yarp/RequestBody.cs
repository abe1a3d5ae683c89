using System.Buffers;
using ApiShield.Dialects;

namespace ApiShield.Yarp;

/// <summary>A request body in rented buffers: read whole, inspected, and read again by the forwarder with the patches applied.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int SmallestBuffer = 4096;
    private const int LargestBuffer = 1024 * 1024;

    private readonly List<(byte[] Buffer, int Length)> _buffers = [];
    private readonly BufferBudget _budget;

    public RequestBody(BufferBudget budget) => _budget = budget;

    /// <summary>Bytes read.</summary>
    public long Length { get; private set; }

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="expected">Its length where it is known.</param>
    /// <param name="most">The most bytes taken.</param>
    /// <param name="cancel">Ends the read.</param>
    public async ValueTask<RequestBodyOutcome> ReadAsync(Stream source, long? expected, long most, CancellationToken cancel)
    {
        if (expected > most) return RequestBodyOutcome.TooLarge;
        while (true)
        {
            if (!TryGetSpace(expected, out var space)) return RequestBodyOutcome.NoBudget;
            var read = await source.ReadAsync(space, cancel).ConfigureAwait(false);
            if (read == 0) return RequestBodyOutcome.Read;
            if (Length + read > most) return RequestBodyOutcome.TooLarge;
            Length += read;
            var (buffer, length) = _buffers[^1];
            _buffers[^1] = (buffer, length + read);
        }
    }

    /// <summary>
    /// Puts a body that was read whole into one buffer, where there is room: reading JSON across buffers takes several times as long. Not done while
    /// it arrives, for a sender may announce much and send nothing.
    /// </summary>
    public void Join()
    {
        if (_buffers.Count < 2 || Length > int.MaxValue / 2) return;
        var whole = ArrayPool<byte>.Shared.Rent((int)Length);
        if (!_budget.TryTake(whole.Length))
        {
            ArrayPool<byte>.Shared.Return(whole);
            return;
        }
        Content.CopyTo(whole);
        Dispose();
        _buffers.Add((whole, (int)Length));
    }

    /// <summary>The body as it was read; valid until disposed.</summary>
    public ReadOnlySequence<byte> Content
    {
        get
        {
            if (_buffers.Count == 0) return ReadOnlySequence<byte>.Empty;
            if (_buffers.Count == 1 || _buffers[1].Length == 0) return new ReadOnlySequence<byte>(_buffers[0].Buffer, 0, _buffers[0].Length);
            var first = new Segment(_buffers[0].Buffer.AsMemory(0, _buffers[0].Length), null);
            var last = first;
            foreach (var (buffer, length) in _buffers.Skip(1)) last = new Segment(buffer.AsMemory(0, length), last);
            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }

    /// <summary>The body with patches applied, as the pieces to send.</summary>
    public (List<ReadOnlyMemory<byte>> Pieces, long Length) Patched(IReadOnlyList<BodyPatch> patches)
    {
        var pieces = new List<ReadOnlyMemory<byte>>(_buffers.Count + (patches.Count * 2));
        var content = Content;
        long at = 0, length = 0;
        foreach (var patch in patches)
        {
            Add(content.Slice(at, patch.Offset - at));
            pieces.Add(patch.Inserted);
            length += patch.Inserted.Length;
            at = patch.Offset + patch.Removed;
        }
        Add(content.Slice(at));
        return (pieces, length);

        void Add(ReadOnlySequence<byte> slice)
        {
            foreach (var piece in slice)
            {
                if (piece.IsEmpty) continue;
                pieces.Add(piece);
                length += piece.Length;
            }
        }
    }

    public void Dispose()
    {
        foreach (var (buffer, _) in _buffers)
        {
            _budget.Return(buffer.Length);
            ArrayPool<byte>.Shared.Return(buffer);
        }
        _buffers.Clear();
    }

    private bool TryGetSpace(long? expected, out Memory<byte> space)
    {
        space = default;
        if (_buffers.Count > 0)
        {
            var (buffer, length) = _buffers[^1];
            if (length < buffer.Length)
            {
                space = buffer.AsMemory(length);
                return true;
            }
        }

        // One byte more than expected, so that the read that finds the end has somewhere to go.
        var wanted = _buffers.Count == 0 ? expected + 1 ?? SmallestBuffer : Math.Max(expected + 1 - Length ?? 0, _buffers[^1].Buffer.Length * 2L);
        var size = (int)Math.Clamp(wanted, SmallestBuffer, LargestBuffer);
        var rented = ArrayPool<byte>.Shared.Rent(size);
        if (!_budget.TryTake(rented.Length))
        {
            ArrayPool<byte>.Shared.Return(rented);
            return false;
        }
        _buffers.Add((rented, 0));
        space = rented;
        return true;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is null) return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
