using System.Collections.Concurrent;
using System.Security.Cryptography;
using ApiShield.Quotas;
using ApiShield.Rules;
using ApiShield.Telemetry;
using Microsoft.Extensions.Logging;

namespace ApiShield.Enforcement;

/// <summary>Takes an exchange through the stages: identify, match, check, decide before it is forwarded; observe and settle after.</summary>
public sealed partial class Enforcer : IDisposable
{
    private const int PooledExchanges = 1024;

    private readonly IdentityKey _identity;
    private readonly IQuotaStore _store;
    private readonly InProcessQuotaStore _local;
    private readonly EnforcerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<Enforcer> _log;
    private readonly TokenRates _rates = new();
    private readonly LiveExchanges _live;
    private readonly ConcurrentQueue<Exchange> _pool = new();
    private readonly ulong _idPrefix = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private int _pooled;
    private ulong _lastId;
    private volatile ActiveRules _active;

    /// <param name="rules">The rules to start with.</param>
    /// <param name="identity">The key under which identities are hashed.</param>
    /// <param name="store">Where counters live.</param>
    /// <param name="metrics">The instruments.</param>
    /// <param name="options">Settings.</param>
    /// <param name="clock">The clock of this process; windows go by the store's.</param>
    /// <param name="log">Where decisions that are not a plain allow are logged.</param>
    public Enforcer(RuleSet rules, IdentityKey identity, IQuotaStore store, ShieldMetrics metrics, EnforcerOptions options, TimeProvider clock, ILogger<Enforcer> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        _identity = identity;
        _store = store;
        Metrics = metrics;
        _options = options;
        _clock = clock;
        _log = log;
        _local = store as InProcessQuotaStore ?? new InProcessQuotaStore(clock, options.HoldLength);
        _live = new LiveExchanges(clock, options.HoldLength, Renew);
        _active = new ActiveRules(rules, identity, metrics, options.Replicas);
    }

    /// <summary>The rules that new exchanges are held to.</summary>
    public ActiveRules Active => _active;

    /// <summary>The engine's instruments.</summary>
    public ShieldMetrics Metrics { get; }

    /// <summary>Exchanges that hold something in a store now.</summary>
    public int LiveCount => _live.Count;

    /// <summary>1: starts an exchange under the rules of this moment.</summary>
    public Exchange Rent()
    {
        if (_pool.TryDequeue(out var exchange)) Interlocked.Decrement(ref _pooled);
        else exchange = new Exchange(_active);
        exchange.Start(_active, new UInt128(_idPrefix, Interlocked.Increment(ref _lastId)));
        return exchange;
    }

    /// <summary>Takes a settled exchange back.</summary>
    public void Return(Exchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        if (exchange.Reader is { } reader) exchange.Dialect.Return(reader);
        exchange.Reader = null;
        if (Interlocked.Increment(ref _pooled) <= PooledExchanges) _pool.Enqueue(exchange);
        else Interlocked.Decrement(ref _pooled);
    }

    /// <summary>Counts a request that could not be read and so was not decided on.</summary>
    public void CountInvalid() => Metrics.Invalid.Inc();

    /// <summary>4 to 6: matches rules, reserves on every scope they name, and decides; the answer is the exchange's <see cref="Exchange.Denial"/>.</summary>
    public ValueTask DecideAsync(Exchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        var started = _clock.GetTimestamp();
        Match(exchange);
        if (exchange.Reservation.Count == 0)
        {
            Admit(exchange);
            return ValueTask.CompletedTask;
        }

        var reserving = _store.ReserveAsync(exchange.Reservation);
        if (!reserving.IsCompletedSuccessfully) return AwaitDecision(exchange, reserving, started);
        Decide(exchange, reserving.Result, started);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _live.Dispose();
        _local.Dispose();
    }

    private async ValueTask AwaitDecision(Exchange exchange, ValueTask<bool> reserving, long started) =>
        Decide(exchange, await reserving.ConfigureAwait(false), started);

    private void Match(Exchange exchange)
    {
        var facts = exchange.Facts;
        var caller = exchange.Caller;
        exchange.EstimatedInput = facts.Generates ? _rates.EstimateInput(facts.Model, facts.TextBytes, facts.Media) : 0;
        var candidates = exchange.Rules.Rules.QuotasFor(exchange.Route, caller.Plan);
        for (var i = 0; i < candidates.Count; i++) // An enumerator behind an interface would be allocated.
        {
            var rule = candidates[i];
            if (!rule.Match.Covers(exchange.Route, caller.Plan, caller.Organization) || !rule.Match.CoversModel(facts.Model)) continue;
            var active = exchange.Rules[rule];
            if (active.CountsTokens && !facts.Generates) continue;

            exchange.Matched.Add(active);
            var key = CounterKeys.Of(active, _identity, caller, exchange.Address, facts.Model, exchange.Route);
            ref var entry = ref exchange.Reservation.Add(key, rule.Limit, Holds.Amount(rule, facts, exchange.EstimatedInput), active.IsEnforced);
            entry.Extends = active.Cuts;
        }
    }

    private void Decide(Exchange exchange, bool decided, long started)
    {
        Denial? denial = null;
        var reservation = exchange.Reservation;
        if (decided)
        {
            denial = Fold(exchange, reservation, exchange.Matched);
        }
        else
        {
            exchange.Undecided = true;
            denial = FallBack(exchange);
        }

        if (denial is null) Admit(exchange);
        else Refuse(exchange, denial);
        Metrics.DecisionSeconds.Observe(_clock.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>Folds the answers: of several enforced refusals the one with the longest wait speaks; shadow refusals are counted and logged.</summary>
    private Denial? Fold(Exchange exchange, Reservation reservation, List<ActiveRule> rules)
    {
        var worst = -1;
        for (var i = 0; i < reservation.Count; i++)
        {
            ref var entry = ref reservation.Entries[i];
            var rule = rules[i];
            if (entry.Fits)
            {
                if (entry.Remaining != ReservationEntry.NotAsked) rule.Instruments.Allowed.Inc();
                continue;
            }

            rule.Instruments.Refused.Inc();
            if (!rule.IsEnforced) Log.WouldRefuse(_log, exchange.Id, rule.Rule.Name, exchange.Caller.AccountScope);
            else if (worst < 0 || entry.RetryAfterMs > reservation.Entries[worst].RetryAfterMs) worst = i;
        }
        return worst < 0 ? null : Denials.Quota(rules[worst].Rule, reservation.Entries[worst]);
    }

    /// <summary>Does what each rule says for a store that did not answer.</summary>
    private Denial? FallBack(Exchange exchange)
    {
        Denial? denial = null;
        for (var i = 0; i < exchange.Reservation.Count; i++)
        {
            ref var entry = ref exchange.Reservation.Entries[i];
            var rule = exchange.Matched[i];
            rule.Instruments.FellBack.Inc();
            if (rule.Rule.OnStoreFailure == StoreFailureMode.Deny && rule.IsEnforced) denial ??= Denials.StoreUnavailable(rule.Rule);
            if (rule.Rule.OnStoreFailure != StoreFailureMode.Local) continue;

            exchange.FallbackRules.Add(rule);
            var amount = Math.Min(entry.Amount, rule.CountsTokens ? Math.Max(rule.LocalLimit.Limit, exchange.EstimatedInput) : entry.Amount);
            exchange.Fallback.Add(entry.Key, rule.LocalLimit, amount, entry.Enforced).Extends = entry.Extends;
        }
        if (denial is not null)
        {
            exchange.Fallback.Start(exchange.Id);
            exchange.FallbackRules.Clear();
            return denial;
        }
        if (exchange.Fallback.Count == 0) return null;

        _local.Reserve(exchange.Fallback);
        return Fold(exchange, exchange.Fallback, exchange.FallbackRules);
    }

    private void Admit(Exchange exchange)
    {
        exchange.Admitted = true;
        exchange.OutputRate = _rates.OutputRate(exchange.Facts.Model);
        Metrics.Admitted.Inc();
        Metrics.InFlight.Inc();
        SetAllowance(exchange);
        if (exchange.Undecided || exchange.Reservation.HoldsAnything || exchange.Fallback.HoldsAnything) _live.Add(exchange);
    }

    private void Refuse(Exchange exchange, Denial denial)
    {
        exchange.Denial = denial;
        (denial.Kind == DenialKind.StoreUnavailable ? Metrics.Unavailable : Metrics.Refused).Inc();
        Log.Refused(_log, exchange.Id, denial.Rule, denial.Status, exchange.Caller.AccountScope);

        // If the store did not say what it did, it may hold something.
        if (exchange.Undecided) _store.Settle(exchange.Reservation);
    }

    /// <summary>Under <c>onExhausted: cut</c>, works out how much may pass, and caps an answer that comes whole, and so cannot be cut, at what is held.</summary>
    private static void SetAllowance(Exchange exchange)
    {
        foreach (var reservation in (ReadOnlySpan<Reservation>)[exchange.Reservation, exchange.Fallback])
        {
            foreach (ref var entry in reservation.Entries)
            {
                if (!entry.Charged || !entry.Extends) continue;
                exchange.Cuts = true;
                var output = entry.Amount - (entry.Limit.Unit == QuotaUnit.TotalTokens ? exchange.EstimatedInput : 0);
                exchange.Allowance = Math.Min(exchange.Allowance, output);
            }
        }
        if (!exchange.Cuts || exchange.Facts.Stream || !exchange.Facts.Generates) return;

        // What is left beyond the hold is not this answer's: others running at the same time would be given the same room.
        var perChoice = Math.Max(1, exchange.Allowance / exchange.Facts.Choices);
        if (exchange.Facts.MaxOutputTokens is not { } stated || stated > perChoice) exchange.Dialect.CapOutput(exchange.Facts, perChoice);
    }

    private static partial class Log
    {
        [LoggerMessage(1001, LogLevel.Information, "Refused {Exchange:x}: rule {Rule}, status {Status}, account {Account:x}")]
        public static partial void Refused(ILogger logger, UInt128 exchange, string? rule, int status, UInt128 account);

        [LoggerMessage(1002, LogLevel.Information, "Would have refused {Exchange:x}: shadow rule {Rule}, account {Account:x}")]
        public static partial void WouldRefuse(ILogger logger, UInt128 exchange, string rule, UInt128 account);
    }
}
