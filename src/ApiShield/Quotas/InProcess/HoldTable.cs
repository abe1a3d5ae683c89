namespace ApiShield.Quotas;

/// <summary>The open holds of one counter, each with its expiry; slots are reused, and a handle names slot and generation.</summary>
internal struct HoldTable
{
    private Slot[]? _slots;
    private int _free;
    private int _top;

    /// <summary>Units held by all open holds.</summary>
    public long Sum { get; private set; }

    /// <summary>No hold expires before this time, in milliseconds.</summary>
    public long NextExpiryMs { get; private set; }

    /// <summary>Opens a hold and returns its handle, never 0.</summary>
    public long Open(long amount, long expiresMs)
    {
        if (_slots is null)
        {
            _slots = new Slot[2];
            _free = -1;
            NextExpiryMs = long.MaxValue;
        }

        int index;
        if (_free >= 0)
        {
            index = _free;
            _free = _slots[index].NextFree;
        }
        else
        {
            if (_top == _slots.Length) Array.Resize(ref _slots, _top * 2);
            index = _top++;
        }

        ref var slot = ref _slots[index];
        slot.Generation++;
        slot.Open = true;
        slot.Amount = amount;
        slot.ExpiresMs = expiresMs;
        Sum += amount;
        NextExpiryMs = Math.Min(NextExpiryMs, expiresMs);
        return ((long)slot.Generation << 32) | (uint)index;
    }

    /// <summary>Ends a hold; false if it has expired or ended before.</summary>
    public bool Close(long handle)
    {
        if (!IsOpen(handle)) return false;
        Free((int)(uint)handle);
        return true;
    }

    /// <summary>Whether the hold has neither ended nor expired.</summary>
    public readonly bool IsOpen(long handle)
    {
        var index = (int)(uint)handle;
        return _slots is not null && index < _top && _slots[index].Open && _slots[index].Generation == (int)(handle >> 32);
    }

    /// <summary>Raises an open hold.</summary>
    public void Raise(long handle, long by)
    {
        _slots![(int)(uint)handle].Amount += by;
        Sum += by;
    }

    /// <summary>Puts an open hold's expiry off.</summary>
    public readonly void Renew(long handle, long expiresMs) => _slots![(int)(uint)handle].ExpiresMs = expiresMs;

    /// <summary>Ends the holds whose time has come.</summary>
    public void Expire(long nowMs)
    {
        if (_slots is null || nowMs < NextExpiryMs) return;
        NextExpiryMs = long.MaxValue;
        for (var i = 0; i < _top; i++)
        {
            if (!_slots[i].Open) continue;
            if (_slots[i].ExpiresMs <= nowMs) Free(i);
            else NextExpiryMs = Math.Min(NextExpiryMs, _slots[i].ExpiresMs);
        }
    }

    private void Free(int index)
    {
        ref var slot = ref _slots![index];
        slot.Open = false;
        Sum -= slot.Amount;
        slot.NextFree = _free;
        _free = index;
    }

    private struct Slot
    {
        public long Amount;
        public long ExpiresMs;
        public int Generation;
        public int NextFree;
        public bool Open;
    }
}
