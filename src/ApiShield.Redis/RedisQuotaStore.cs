using System.Buffers.Binary;
using System.Security.Cryptography;
using ApiShield.Quotas;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>The quota store that all replicas share: one script call decides a request, and settling happens behind its back.</summary>
public sealed class RedisQuotaStore : IQuotaStore, IAsyncDisposable
{
    private static readonly TimeSpan LeastReadDeadline = TimeSpan.FromSeconds(1);

    private readonly RedisStoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly RedisConnection _connection;
    private readonly ScriptCaller _caller;
    private readonly SettlementQueue _settlements;
    private readonly DecisionQueue _decisions;
    private readonly FirmRefusals _refusals = new();
    private readonly long _holdMs;

    private RedisQuotaStore(RedisStoreOptions options, TimeProvider clock, RedisConnection connection, ILogger logger, IStoreObserver? observer)
    {
        _options = options;
        _clock = clock;
        _connection = connection;
        _caller = new ScriptCaller(connection, clock, logger, observer);
        _settlements = new SettlementQueue(_caller, connection, options, clock, logger, observer, () => GivenMs);
        _holdMs = (long)options.HoldLength.TotalMilliseconds;
        _decisions = new DecisionQueue(_caller, _refusals, options.Deadline, _holdMs, clock, () => GivenMs, RefusalNow);
    }

    /// <summary>Whether a server answers.</summary>
    public bool IsConnected => _connection.IsConnected;

    /// <summary>Whether it is a Redis Cluster, where each scope is decided by a call of its own.</summary>
    public bool IsCluster => _connection.IsCluster;

    /// <summary>The server's <c>maxmemory-policy</c>; null while it is not known. Anything but noeviction forgets quotas.</summary>
    public string? EvictionPolicy => _connection.EvictionPolicy;

    /// <summary>Settlements that wait for Redis.</summary>
    public int PendingSettlements => _settlements.Pending;

    /// <summary>Settlements that were given up since the start.</summary>
    public long LostSettlements => _settlements.Lost;

    /// <summary>A test's time in milliseconds since 1970, in place of the time of Redis.</summary>
    internal Func<long>? Clock { get; set; }

    private long GivenMs => Clock?.Invoke() ?? 0;

    /// <summary>Connects. A Redis that is away is no error: the store answers false until it is there.</summary>
    /// <param name="options">Where Redis is, and the store's bounds.</param>
    /// <param name="clock">Measures deadlines and pauses; the time of quotas is that of Redis.</param>
    /// <param name="logger">Hears of lost and restored connections, lost settlements, and a Redis that evicts.</param>
    /// <param name="observer">Counts calls; may be null.</param>
    /// <exception cref="ArgumentException">The settings cannot be read.</exception>
    public static async Task<RedisQuotaStore> ConnectAsync(
        RedisStoreOptions options, TimeProvider clock, ILogger logger, IStoreObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Deadline, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.HoldLength, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SettlementCapacity, 1);
        var connection = await RedisConnection.OpenAsync(options.Configuration, clock, logger).ConfigureAwait(false);
        await RehearseAsync(new RedisQuotaStore(options, clock, connection, logger, null)).ConfigureAwait(false);
        return new RedisQuotaStore(options, clock, connection, logger, observer);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A request quota that is known to be exhausted answers from memory; the other entries then say that they fit, and that they were not asked how much is left.
    /// </remarks>
    public ValueTask<bool> ReserveAsync(Reservation reservation)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        if (reservation.Count == 0) return ValueTask.FromResult(true);
        if (_refusals.TryRefuse(reservation, RefusalNow())) return ValueTask.FromResult(true);
        return _connection.IsCluster ? DecideByScopeAsync(reservation) : _decisions.DecideAsync(reservation);
    }

    /// <inheritdoc/>
    public void Settle(Reservation reservation)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        if (Settlement.Of(SettlementKind.Settle, reservation) is not { } settlement) return;

        // A second call must find nothing, neither what was charged nor what might have been.
        foreach (ref var entry in reservation.Entries) entry.Charged = false;
        if (reservation.DecidedAtMs == 0) reservation.DecidedAtMs = -1;
        _settlements.Add(settlement);
    }

    /// <inheritdoc/>
    public void Renew(Reservation reservation)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        if (Settlement.Of(SettlementKind.Renew, reservation) is { } renewal) _settlements.Add(renewal);
    }

    /// <inheritdoc/>
    public ValueTask<long> ExtendAsync(Reservation reservation, long amount)
    {
        ArgumentNullException.ThrowIfNull(reservation);
        if (reservation.DecidedAtMs == 0 && !reservation.Refused) return ValueTask.FromResult(-1L);
        var scopes = ExtendCall.Scopes(reservation, _connection.IsCluster);
        return scopes.Length == 0 ? ValueTask.FromResult(amount) : ExtendAsync(reservation, amount, scopes);
    }

    /// <inheritdoc/>
    public async ValueTask<QuotaUse[]?> ReadAsync(IReadOnlyList<(CounterKey Key, QuotaLimit Limit)> counters)
    {
        ArgumentNullException.ThrowIfNull(counters);
        var deadline = _options.Deadline > LeastReadDeadline ? _options.Deadline : LeastReadDeadline;
        var uses = new QuotaUse[counters.Count];
        foreach (var scope in ReadCall.Scopes(counters, _connection.IsCluster))
        {
            var answer = await _caller.CallAsync(QuotaScript.Read, ReadCall.Build(counters, scope, GivenMs), deadline).ConfigureAwait(false);
            if (answer is null || !ReadCall.TryApply(counters, scope, answer, uses)) return null;
        }
        return uses;
    }

    /// <summary>Forgets the refusals that are answered from memory: call it when rules have been reloaded.</summary>
    public void ClearRefusals() => _refusals.Clear();

    /// <summary>Delivers the settlements that are queued, within <see cref="RedisStoreOptions.DrainTimeout"/>, and disconnects.</summary>
    public async ValueTask DisposeAsync()
    {
        await _settlements.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Completes when Redis has every settlement queued so far, or it is lost.</summary>
    internal Task SettledAsync() => _settlements.EmptyAsync();

    /// <summary>
    /// Takes the way of a request a few times on a counter that nobody has: the first real ones would pay for loading scripts and compiling code, and
    /// could miss their deadline by it.
    /// </summary>
    private static async Task RehearseAsync(RedisQuotaStore store)
    {
        const int rounds = 32;
        var nobody = new CounterKey(BinaryPrimitives.ReadUInt128BigEndian(RandomNumberGenerator.GetBytes(16)), 0);
        var limit = new QuotaLimit(QuotaUnit.TotalTokens, rounds, TimeSpan.FromSeconds(1));
        for (var round = 0; round < rounds && store.IsConnected; round++)
        {
            var reservation = new Reservation();
            reservation.Start(nobody.Scope + (uint)round);
            reservation.Add(nobody, limit, 1);
            await store.ReserveAsync(reservation).ConfigureAwait(false);
            store.Settle(reservation);
        }
        await store._settlements.DisposeAsync().ConfigureAwait(false);
    }

    private long RefusalNow() => Clock?.Invoke() ?? (long)_clock.GetElapsedTime(0).TotalMilliseconds;

    private async ValueTask<bool> DecideByScopeAsync(Reservation reservation)
    {
        var askedAt = RefusalNow();
        var decision = new ScopeDecision(_caller, _settlements, reservation, ScopeDecision.ScopesOf(reservation));
        var decided = await decision.DecideAsync(GivenMs, _holdMs, _options.Deadline).ConfigureAwait(false);
        if (decided && reservation.Refused) _refusals.Remember(reservation, askedAt);
        return decided;
    }

    private async ValueTask<long> ExtendAsync(Reservation reservation, long amount, UInt128?[] scopes)
    {
        var calls = new Task<RedisResult?>[scopes.Length];
        for (var i = 0; i < calls.Length; i++)
            calls[i] = _caller.CallAsync(QuotaScript.Extend, ExtendCall.Build(reservation, scopes[i], amount, GivenMs, _holdMs), _options.Deadline);

        var granted = new long[scopes.Length];
        var least = amount;
        for (var i = 0; i < calls.Length; i++)
        {
            var answer = await calls[i].ConfigureAwait(false);
            granted[i] = answer is null ? -1 : (long)answer;
            least = Math.Min(least, granted[i]);
        }

        // One scope may have granted what another did not: take it back, and until that is done let settling look for the hold.
        for (var i = 0; i < scopes.Length; i++)
        {
            if (granted[i] == Math.Max(0, least)) continue;
            reservation.HoldsUncertain = true;
            if (granted[i] > 0) _settlements.Add(ExtendCall.Correction(reservation, scopes[i], granted[i], Math.Max(0, least)));
        }
        if (least <= 0) return least;

        foreach (ref var entry in reservation.Entries)
            if (ExtendCall.Asks(entry)) entry.Amount += least;
        return least;
    }
}
