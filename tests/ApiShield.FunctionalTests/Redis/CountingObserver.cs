using System.Collections.Concurrent;
using ApiShield.Redis;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>Counts what a store tells of itself.</summary>
internal sealed class CountingObserver : IStoreObserver
{
    private int _lost;

    public ConcurrentDictionary<(string Operation, bool Ok), int> Calls { get; } = new();

    public int Lost => _lost;

    public void Call(string operation, bool ok, TimeSpan took) => Calls.AddOrUpdate((operation, ok), 1, static (_, count) => count + 1);

    public void SettlementLost(int count) => Interlocked.Add(ref _lost, count);
}
