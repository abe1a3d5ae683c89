namespace ApiShield.Proxy.Simulation;

/// <summary>The simulator's source of choices: a counter under a mixing function, so that one seed gives one answer on every platform.</summary>
internal struct SimulatorRandom(ulong seed)
{
    // 2^64 divided by the golden ratio, made odd: consecutive counters land far apart.
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>The next number in [0, <paramref name="bound"/>).</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>The next number in [0, 1).</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>The next entry of a list.</summary>
    public T Pick<T>(T[] from) => from[Below(from.Length)];

    /// <summary>The next 64 bits.</summary>
    public ulong Next() => Mix(_state += Step);

    /// <summary>Spreads every bit of a number over all 64 (xor-shifts and odd multipliers; a bijection).</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
        value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
        return value ^ (value >> 32);
    }

    /// <summary>A hash of bytes, eight at a time; for seeds, not for security.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length * Step;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            hash = Mix(hash ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        ulong rest = 0;
        foreach (var value in bytes) rest = (rest << 8) | value;
        return Mix(hash ^ rest);
    }
}
