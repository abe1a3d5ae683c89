namespace ApiShield.Yarp;

/// <summary>Bounds the memory that request bodies take together.</summary>
internal sealed class BufferBudget(long most)
{
    private long _taken;

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= most) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void Return(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
