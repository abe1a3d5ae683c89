namespace ApiShield.TestKit.Quotas;

/// <summary>The obvious slow reference for a sliding window: every charge with its time.</summary>
public sealed class ExactLog
{
    private readonly List<(long AtMs, long Amount)> _charges = [];

    /// <summary>Enters a charge; times never go back.</summary>
    public void Add(long atMs, long amount) => _charges.Add((atMs, amount));

    /// <summary>Units charged from <paramref name="fromMs"/> on.</summary>
    public long Since(long fromMs)
    {
        long sum = 0;
        for (var i = _charges.Count - 1; i >= 0 && _charges[i].AtMs >= fromMs; i--) sum += _charges[i].Amount;
        return sum;
    }
}
