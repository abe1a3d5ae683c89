using ApiShield.Rules;
using Prometheus;

namespace ApiShield.Telemetry;

/// <summary>All instruments of the engine. Label values come from closed sets: rule names, modes, words of this file.</summary>
public sealed class ShieldMetrics
{
    private readonly Counter _decisions;
    private readonly Counter _storeFallbacks;
    private readonly Counter _exchanges;
    private readonly Counter _tokens;
    private readonly Counter _storeCalls;

    /// <param name="registry">Where the instruments are registered.</param>
    public ShieldMetrics(CollectorRegistry registry)
    {
        Registry = registry;
        var factory = Metrics.WithCustomRegistry(registry);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars(); // Else each count looks for a trace to name as its example.
        _decisions = factory.CreateCounter("apishield_decisions_total", "Verdicts of each rule on the requests it matched.", "rule", "mode", "verdict");
        _storeFallbacks = factory.CreateCounter("apishield_store_fallbacks_total",
            "Verdicts that a rule reached without its store, by what its onStoreFailure says.", "rule", "on_store_failure");
        _exchanges = factory.CreateCounter("apishield_exchanges_total", "Requests by what became of them.", "outcome");
        Admitted = _exchanges.WithLabels("admitted");
        Refused = _exchanges.WithLabels("refused");
        Invalid = _exchanges.WithLabels("invalid");
        Unavailable = _exchanges.WithLabels("unavailable");
        _tokens = factory.CreateCounter("apishield_tokens_total", "Tokens of settled exchanges, as reported or else as counted.", "direction", "source");
        InputReported = _tokens.WithLabels("input", "reported");
        OutputReported = _tokens.WithLabels("output", "reported");
        InputCounted = _tokens.WithLabels("input", "counted");
        OutputCounted = _tokens.WithLabels("output", "counted");
        StreamsCut = factory.CreateCounter("apishield_streams_cut_total", "Running answers that were cut because their allowance was exhausted.");
        InFlight = factory.CreateGauge("apishield_exchanges_in_flight", "Exchanges admitted and not yet settled.");
        DecisionSeconds = factory.CreateHistogram("apishield_decision_duration_seconds", "Time from the end of the request body to the decision.",
            new HistogramConfiguration { Buckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1] });
        _storeCalls = factory.CreateCounter("apishield_store_calls_total", "Calls to the shared store.", "operation", "result");
        StoreSeconds = factory.CreateHistogram("apishield_store_call_duration_seconds", "Duration of calls to the shared store.",
            new HistogramConfiguration { Buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1] });
        SettlementsLost = factory.CreateCounter("apishield_settlements_lost_total", "Settlements that could not be delivered to the store before their hold had long expired.");
        factory.CreateGauge("apishield_build_info", "Always 1; the version is a label.", "version")
            .WithLabels(typeof(ShieldMetrics).Assembly.GetName().Version?.ToString(3) ?? "unknown").Set(1);
    }

    /// <summary>Where the instruments are registered.</summary>
    public CollectorRegistry Registry { get; }

    internal Counter.Child Admitted { get; }
    internal Counter.Child Refused { get; }
    internal Counter.Child Invalid { get; }
    internal Counter.Child Unavailable { get; }
    internal Counter.Child InputReported { get; }
    internal Counter.Child OutputReported { get; }
    internal Counter.Child InputCounted { get; }
    internal Counter.Child OutputCounted { get; }
    internal Counter StreamsCut { get; }
    internal Gauge InFlight { get; }
    internal Histogram DecisionSeconds { get; }
    internal Histogram StoreSeconds { get; }

    /// <summary>Settlements given up.</summary>
    public Counter SettlementsLost { get; }

    /// <summary>Counts a call to the shared store.</summary>
    /// <param name="operation">A word of a closed set: reserve, settle, extend, renew, read.</param>
    /// <param name="succeeded">Whether the store answered.</param>
    /// <param name="took">How long it took.</param>
    public void StoreCall(string operation, bool succeeded, TimeSpan took)
    {
        _storeCalls.WithLabels(operation, succeeded ? "ok" : "failed").Inc();
        StoreSeconds.Observe(took.TotalSeconds);
    }

    internal RuleInstruments ForRule(QuotaRule rule)
    {
        var mode = rule.Mode == EnforcementMode.Shadow ? "shadow" : "enforce";
        return new RuleInstruments(
            _decisions.WithLabels(rule.Name, mode, "allow"),
            _decisions.WithLabels(rule.Name, mode, "refuse"),
            _storeFallbacks.WithLabels(rule.Name, rule.OnStoreFailure switch
            {
                StoreFailureMode.Allow => "allow",
                StoreFailureMode.Deny => "deny",
                _ => "local",
            }));
    }
}
