using ApiShield.Dialects;
using ApiShield.Quotas;
using ApiShield.Rules;

namespace ApiShield.Enforcement;

/// <content>The stages after forwarding: observe, extend, settle, renew.</content>
public sealed partial class Enforcer
{
    /// <summary>8, under <c>onExhausted: cut</c>: asks the store for room for what is about to pass.</summary>
    /// <returns>False if there is none and the answer must be cut.</returns>
    public async ValueTask<bool> ExtendAsync(Exchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        while (exchange.MustExtend)
        {
            var wanted = exchange.Relayed - exchange.Allowance + _options.ExtensionStep;
            var granted = await ExtendAsync(_store, exchange.Reservation, exchange.Undecided, wanted).ConfigureAwait(false);
            if (exchange.Fallback.Count > 0)
                granted = Math.Min(granted, await ExtendAsync(_local, exchange.Fallback, false, wanted).ConfigureAwait(false));
            if (granted < 0) granted = MayGoOnWithoutStore(exchange) ? wanted : 0;
            if (granted == 0) return false;
            exchange.Allowance += granted;
        }
        return true;
    }

    /// <summary>Counts a cut answer and says what its last event tells the caller.</summary>
    public Denial Cut(Exchange exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        Metrics.StreamsCut.Inc();
        foreach (var rule in exchange.Matched)
            if (rule.Cuts) return Denials.Exhausted(rule.Rule);
        return Denials.Exhausted(null);
    }

    /// <summary>9: trues the reservation up to what was used. Called once, however the exchange ended.</summary>
    public void Settle(Exchange exchange, ExchangeEnd end)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        if (!exchange.Admitted) return;
        exchange.Admitted = false;
        Metrics.InFlight.Dec();

        var usage = UsageOf(exchange, end);
        lock (exchange.Gate)
        {
            _live.Remove(exchange);
            Settle(_store, exchange.Reservation, usage);
            Settle(_local, exchange.Fallback, usage);
        }
    }

    private Usage UsageOf(Exchange exchange, ExchangeEnd end)
    {
        var facts = exchange.Facts;
        if (!facts.Generates) return default;

        if (exchange.Reader?.Reported is { } reported)
        {
            Metrics.InputReported.Inc(reported.Input);
            Metrics.OutputReported.Inc(reported.Output);
            _rates.Learn(facts.Model, facts.TextBytes, reported.Input, exchange.Reader.OutputBytes, reported.Output, facts.Media);
            return reported;
        }

        // An error answer, or none at all because the model API failed, has cost no tokens.
        var answered = exchange.Status is >= 200 and < 400;
        if (!answered && !(exchange.Status == 0 && end == ExchangeEnd.ClientAborted)) return default;

        // The event for which a cut answer found no room has been counted, but has not passed.
        var output = end == ExchangeEnd.Cut ? Math.Min(exchange.Relayed, exchange.Allowance) : exchange.Relayed;
        var counted = new Usage(exchange.EstimatedInput, output);
        Metrics.InputCounted.Inc(counted.Input);
        Metrics.OutputCounted.Inc(counted.Output);
        return counted;
    }

    private static void Settle(IQuotaStore store, Reservation reservation, Usage usage)
    {
        if (reservation.Count == 0) return;
        foreach (ref var entry in reservation.Entries)
        {
            entry.Used = entry.Limit.Unit switch
            {
                QuotaUnit.InputTokens => usage.Input,
                QuotaUnit.OutputTokens => usage.Output,
                QuotaUnit.TotalTokens => usage.Total,
                _ => 0,
            };
        }
        store.Settle(reservation);
    }

    private static ValueTask<long> ExtendAsync(IQuotaStore store, Reservation reservation, bool undecided, long wanted)
    {
        if (undecided) return ValueTask.FromResult(wanted);
        foreach (ref var entry in reservation.Entries)
            if (entry.Charged && entry.Extends) return store.ExtendAsync(reservation, wanted);
        return ValueTask.FromResult(wanted);
    }

    /// <summary>A store that fails in the middle of an answer: only a rule that denies without its store cuts it; the others charge what it used.</summary>
    private static bool MayGoOnWithoutStore(Exchange exchange)
    {
        foreach (var rule in exchange.Matched)
            if (rule.Cuts && rule.Rule.OnStoreFailure == StoreFailureMode.Deny) return false;
        return true;
    }

    private void Renew(Exchange exchange)
    {
        lock (exchange.Gate)
        {
            if (!exchange.Live) return;
            if (!exchange.Undecided) _store.Renew(exchange.Reservation);
            if (exchange.Fallback.Count > 0) _local.Renew(exchange.Fallback);
        }
    }
}
