namespace ApiShield.Quotas;

/// <summary>The non-empty segments of one window, oldest first, with their sum; grows to the window's segments and is then reused.</summary>
internal struct SegmentQueue
{
    private (long Index, long Count)[]? _segments;
    private int _head;
    private int _length;

    /// <summary>Units in all segments.</summary>
    public long Sum { get; private set; }

    /// <summary>Index of the newest segment, or <see cref="long.MinValue"/>.</summary>
    public readonly long Newest => _length == 0 ? long.MinValue : At(_length - 1).Index;

    /// <summary>Drops the segments before <paramref name="oldest"/>.</summary>
    public void DropBefore(long oldest)
    {
        while (_length > 0 && At(0).Index < oldest)
        {
            Sum -= At(0).Count;
            _head = (_head + 1) % _segments!.Length;
            _length--;
        }
    }

    /// <summary>Enters units in a segment that is not older than the newest one.</summary>
    public void Add(long index, long count)
    {
        if (count == 0) return;
        Sum += count;
        if (_length > 0 && At(_length - 1).Index >= index)
        {
            At(_length - 1).Count += count;
            return;
        }

        if (_segments is null) _segments = new (long, long)[2];
        else if (_length == _segments.Length) Grow();
        _length++;
        At(_length - 1) = (index, count);
    }

    /// <summary>Puts all use into one segment, as when the window's length has changed.</summary>
    public void Collapse(long index)
    {
        var sum = Sum;
        Sum = 0;
        _length = 0;
        Add(index, sum);
    }

    /// <summary>The oldest segment with which at least <paramref name="units"/> have left, when every one up to it has.</summary>
    public readonly long SegmentThatFrees(long units)
    {
        for (var i = 0; i < _length; i++)
        {
            units -= At(i).Count;
            if (units <= 0) return At(i).Index;
        }
        return Newest;
    }

    private readonly ref (long Index, long Count) At(int position) => ref _segments![(_head + position) % _segments.Length];

    private void Grow()
    {
        var larger = new (long, long)[_segments!.Length * 2];
        for (var i = 0; i < _length; i++) larger[i] = At(i);
        _segments = larger;
        _head = 0;
    }
}
