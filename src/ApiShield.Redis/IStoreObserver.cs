namespace ApiShield.Redis;

/// <summary>Hears what the store does, to count it. Called on the request's path: must be quick and must not throw.</summary>
public interface IStoreObserver
{
    /// <summary>A call has ended.</summary>
    /// <param name="operation">One of reserve, extend, read, settle.</param>
    /// <param name="ok">False if Redis did not answer in time, could not be reached, or answered with an error.</param>
    /// <param name="took">From the call to its answer.</param>
    void Call(string operation, bool ok, TimeSpan took);

    /// <summary>Settlements were given up: their holds end by expiry, and what was used is not charged.</summary>
    void SettlementLost(int count);
}
