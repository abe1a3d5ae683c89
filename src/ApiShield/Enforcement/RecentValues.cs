using System.Collections.Concurrent;

namespace ApiShield.Enforcement;

/// <summary>Remembers what was worked out for the keys seen lately, and for no more of them than it may: keys come from clients.</summary>
/// <remarks>
/// Two generations: a full young one becomes the old one and the old one is forgotten. A flood of keys that nobody uses again costs a repeated
/// calculation for the others, and no memory.
/// </remarks>
internal sealed class RecentValues<TKey, TValue>(int generation)
    where TKey : notnull
{
    private volatile ConcurrentDictionary<TKey, TValue> _young = new();
    private volatile ConcurrentDictionary<TKey, TValue> _old = new();
    private readonly Lock _turn = new();
    private int _count;

    /// <summary>Keys remembered, at most twice the generation.</summary>
    public int Count => _young.Count + _old.Count;

    public bool TryGet(TKey key, out TValue value)
    {
        if (_young.TryGetValue(key, out value!)) return true;
        if (!_old.TryGetValue(key, out value!)) return false;
        Add(key, value);
        return true;
    }

    /// <summary>Looks up by another form of the key, such as the characters of a string.</summary>
    public bool TryGet<TOther>(TOther key, out TValue value)
        where TOther : notnull, allows ref struct
    {
        if (_young.GetAlternateLookup<TOther>().TryGetValue(key, out value!)) return true;
        if (!_old.GetAlternateLookup<TOther>().TryGetValue(key, out var known, out value!)) return false;
        Add(known, value);
        return true;
    }

    public void Add(TKey key, TValue value)
    {
        if (!_young.TryAdd(key, value) || Interlocked.Increment(ref _count) < generation) return;
        lock (_turn)
        {
            if (_count < generation) return;
            _old = _young;
            _young = new();
            _count = 0;
        }
    }
}
