using ApiShield.Quotas;
using BenchmarkDotNet.Attributes;

namespace ApiShield.Benchmarks.Engine;

/// <summary>Two threads that decide on the same three counters at one time.</summary>
public class ContentionBenchmarks
{
    private const int Decisions = 200_000;

    private readonly InProcessQuotaStore _store = new(TimeProvider.System, TimeSpan.FromMinutes(1));
    private readonly QuotaLimit _requests = new(QuotaUnit.Requests, long.MaxValue / 4, TimeSpan.FromMinutes(1));
    private readonly QuotaLimit _tokens = new(QuotaUnit.TotalTokens, long.MaxValue / 4, TimeSpan.FromHours(1));
    private readonly QuotaLimit _concurrency = new(QuotaUnit.ConcurrentRequests, 1_000_000, default);

    /// <summary>Counted by decision, both threads together; the thread itself is most of what it allocates.</summary>
    [Benchmark(OperationsPerInvoke = 2 * Decisions), Budget(0)]
    public void ReserveAndSettleOnTwoThreads()
    {
        var other = new Thread(() => Decide(1));
        other.Start();
        Decide(2);
        other.Join();
    }

    private void Decide(ulong thread)
    {
        var reservation = new Reservation();
        for (var i = 0; i < Decisions; i++)
        {
            reservation.Start(new UInt128(thread, (ulong)i));
            reservation.Add(new CounterKey(1, 1), _requests, 1);
            reservation.Add(new CounterKey(1, 2), _tokens, 100);
            reservation.Add(new CounterKey(1, 3), _concurrency, 1);
            _store.Reserve(reservation);
            foreach (ref var entry in reservation.Entries) entry.Used = 1;
            _store.Settle(reservation);
        }
    }
}
