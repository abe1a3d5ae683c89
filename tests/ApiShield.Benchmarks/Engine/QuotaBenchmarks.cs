using ApiShield.Quotas;
using BenchmarkDotNet.Attributes;

namespace ApiShield.Benchmarks.Engine;

/// <summary>The in-process quota decision alone.</summary>
public class QuotaBenchmarks
{
    private const int Accounts = 100_000;

    private readonly Reservation _reservation = new();
    private readonly InProcessQuotaStore _store = new(TimeProvider.System, TimeSpan.FromMinutes(1));
    private readonly QuotaLimit _requests = new(QuotaUnit.Requests, long.MaxValue / 4, TimeSpan.FromMinutes(1));
    private readonly QuotaLimit _tokens = new(QuotaUnit.TotalTokens, long.MaxValue / 4, TimeSpan.FromHours(1));
    private readonly QuotaLimit _concurrency = new(QuotaUnit.ConcurrentRequests, 1_000_000, default);
    private readonly QuotaLimit _exhausted = new(QuotaUnit.Requests, 1, TimeSpan.FromDays(31));
    private ulong _id;
    private uint _account;

    /// <summary>Lets every account be known, as after its first request.</summary>
    [GlobalSetup]
    public void KnowAllAccounts()
    {
        for (var i = 0; i < Accounts; i++) ReserveAndSettleOfManyAccounts();
        Refuse();
    }

    [Benchmark, Budget(0, LeastPerSecond = 500_000)]
    public bool ReserveAndSettleOneCounter() => ReserveAndSettle(1);

    [Benchmark, Budget(0, LeastPerSecond = 500_000)]
    public bool ReserveAndSettleThreeCounters() => ReserveAndSettle(3);

    [Benchmark, Budget(0)]
    public bool ReserveAndSettleFiveCounters() => ReserveAndSettle(5);

    /// <summary>Requests are never settled: the reservation is all.</summary>
    [Benchmark, Budget(0, LeastPerSecond = 500_000)]
    public bool ReserveOneRequest()
    {
        _reservation.Start(++_id);
        _reservation.Add(new CounterKey(99, 99), _requests, 1);
        _store.Reserve(_reservation);
        return _reservation.Refused;
    }

    [Benchmark, Budget(0, LeastPerSecond = 500_000)]
    public bool Refuse()
    {
        _reservation.Start(++_id);
        _reservation.Add(new CounterKey(77, 1), _requests, 1);
        _reservation.Add(new CounterKey(77, 2), _exhausted, 1);
        _store.Reserve(_reservation);
        return _reservation.Refused;
    }

    /// <summary>Two counters each for 100,000 accounts in turn: no counter is in a processor's cache.</summary>
    [Benchmark, Budget(0)]
    public bool ReserveAndSettleOfManyAccounts()
    {
        _account = ((_account * 1_664_525) + 1_013_904_223) % Accounts;
        _reservation.Start(++_id);
        _reservation.Add(new CounterKey((UInt128)(_account + 1_000UL) << 64, 1), _requests, 1);
        _reservation.Add(new CounterKey((UInt128)(_account + 1_000UL) << 64, 2), _tokens, 100);
        return Finish();
    }

    private bool ReserveAndSettle(int counters)
    {
        _reservation.Start(++_id);
        for (var i = 0; i < counters; i++)
        {
            var limit = (i % 3) switch { 0 => _requests, 1 => _tokens, _ => _concurrency };
            _reservation.Add(new CounterKey(1, (ulong)i), limit, 1);
        }
        return Finish();
    }

    private bool Finish()
    {
        _store.Reserve(_reservation);
        if (_reservation.Refused) throw new InvalidOperationException("This benchmark is of what is admitted.");
        foreach (ref var entry in _reservation.Entries) entry.Used = 1;
        _store.Settle(_reservation);
        return _reservation.Refused;
    }
}
