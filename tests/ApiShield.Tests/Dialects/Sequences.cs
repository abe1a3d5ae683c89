using System.Buffers;

namespace ApiShield.Tests.Dialects;

/// <summary>Cuts bytes into sequences of small segments.</summary>
internal static class Sequences
{
    public static ReadOnlySequence<byte> Of(byte[] bytes, int segmentSize)
    {
        Segment? first = null, last = null;
        foreach (var piece in bytes.Chunk(segmentSize))
        {
            last = new Segment(piece, last);
            first ??= last;
        }
        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] memory, Segment? previous)
        {
            Memory = memory;
            if (previous is null) return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
