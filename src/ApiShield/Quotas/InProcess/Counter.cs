namespace ApiShield.Quotas;

/// <summary>One counter of the in-process store: a window of segments and the open holds. Every member is called under its lock.</summary>
internal sealed class Counter(long order)
{
    private SegmentQueue _segments;
    private HoldTable _holds;
    private long _windowMs;
    private long _segmentMs;
    private long _segmentsPerWindow;
    private long _current;

    /// <summary>Locks are taken in this order, so that two requests never wait for each other.</summary>
    public long Order { get; } = order;

    /// <summary>The counter has left the store; a request that still has it must fetch a new one.</summary>
    public bool Removed { get; set; }

    /// <summary>Whether it holds nothing that a new counter would not.</summary>
    public bool IsEmpty => _segments.Sum == 0 && _holds.Sum == 0;

    /// <summary>Units that count against the limit now.</summary>
    public long Taken => _segments.Sum + _holds.Sum;

    /// <summary>Moves the window and the holds to the present under the rule's limit.</summary>
    public void Advance(QuotaLimit limit, long nowMs)
    {
        if (limit.HasWindow && (_segmentMs != limit.SegmentMs || _windowMs != limit.WindowMs))
        {
            // The rule's window has changed: what was used counts as used now.
            _windowMs = limit.WindowMs;
            _segmentMs = limit.SegmentMs;
            _segmentsPerWindow = limit.Segments;
            _current = nowMs / _segmentMs;
            _segments.Collapse(_current);
        }
        Advance(nowMs);
    }

    /// <summary>Moves the window and the holds to the present.</summary>
    public void Advance(long nowMs)
    {
        if (_segmentMs > 0)
        {
            _current = Math.Max(nowMs / _segmentMs, _current); // A clock that was set back must not reopen the past.
            _segments.DropBefore(_current - _segmentsPerWindow);
        }
        _holds.Expire(nowMs);
    }

    /// <summary>Whether the entry's amount has room.</summary>
    public bool HasRoom(in ReservationEntry entry) => Taken + entry.Amount <= entry.Limit.Limit;

    /// <summary>Charges or holds the entry's amount.</summary>
    public void Charge(ref ReservationEntry entry, long expiresMs)
    {
        entry.Charged = true;
        if (entry.Limit.Holds) entry.Hold = _holds.Open(entry.Amount, expiresMs);
        else _segments.Add(_current, entry.Amount);
    }

    /// <summary>Writes what is left, and how long until more is, into the entry.</summary>
    public void Answer(ref ReservationEntry entry, long nowMs)
    {
        var limit = entry.Limit;
        entry.Remaining = Math.Max(0, limit.Limit - Taken);
        entry.ResetMs = LeavesAt(_segments.Newest, nowMs);
        if (entry.Fits) return;

        var over = _segments.Sum + entry.Amount - limit.Limit;
        entry.RefusalIsFirm = over > 0;
        entry.RetryAfterMs = over > 0 && limit.HasWindow
            ? Math.Max(1, over > _segments.Sum ? limit.WindowMs : LeavesAt(_segments.SegmentThatFrees(over), nowMs))
            : Math.Clamp(_holds.NextExpiryMs - nowMs, 1, 1000); // Holds may end at any time.
    }

    /// <summary>Ends the entry's hold and enters what was used.</summary>
    public void Settle(ref ReservationEntry entry)
    {
        _holds.Close(entry.Hold);
        if (entry.Limit.HasWindow) _segments.Add(_current, entry.Used);
    }

    /// <summary>Units by which the entry's hold may be raised; an expired hold has to find room for all of it again.</summary>
    public long RoomToExtend(in ReservationEntry entry) =>
        entry.Limit.Limit - Taken - (_holds.IsOpen(entry.Hold) ? 0 : entry.Amount);

    /// <summary>Raises the entry's hold.</summary>
    public void Extend(ref ReservationEntry entry, long by, long expiresMs)
    {
        if (_holds.IsOpen(entry.Hold)) _holds.Raise(entry.Hold, by);
        else entry.Hold = _holds.Open(entry.Amount + by, expiresMs);
        entry.Amount += by;
    }

    /// <summary>Puts the expiry of the entry's hold off.</summary>
    public void Renew(in ReservationEntry entry, long expiresMs)
    {
        if (_holds.IsOpen(entry.Hold)) _holds.Renew(entry.Hold, expiresMs);
    }

    /// <summary>The counter as people see it.</summary>
    public QuotaUse Read(long nowMs) => new(_segments.Sum, _holds.Sum, LeavesAt(_segments.Newest, nowMs));

    private long LeavesAt(long segment, long nowMs) =>
        segment == long.MinValue ? 0 : Math.Max(0, ((segment + _segmentsPerWindow + 1) * _segmentMs) - nowMs);
}
