using System.Buffers;
using System.Net;
using System.Text;
using ApiShield.Dialects.OpenAI;
using ApiShield.Enforcement;
using ApiShield.Quotas;
using ApiShield.Rules;
using ApiShield.Telemetry;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ApiShield.Benchmarks.Engine;

/// <summary>Everything the engine does for one exchange, with three rules over five parts of a scope.</summary>
public class DecisionBenchmarks
{
    private const string Key = "sk-benchmark-0001-0123456789abcdef0123456789abcdef";

    private readonly OpenAIChat _dialect = new();
    private readonly ReadOnlySequence<byte> _body = new(ChatBodies.OfSize(1024));
    private readonly IPAddress _address = IPAddress.Parse("192.0.2.7");
    private readonly Enforcer _enforcer;

    public DecisionBenchmarks()
    {
        var rules = new RuleSet("benchmark",
        [
            new QuotaRule { Name = "account-requests", Limit = new QuotaLimit(QuotaUnit.Requests, 1L << 50, TimeSpan.FromMinutes(1)) },
            new QuotaRule
            {
                Name = "organization-model-tokens", Per = QuotaScopeParts.Organization | QuotaScopeParts.Model,
                Limit = new QuotaLimit(QuotaUnit.TotalTokens, 1L << 50, TimeSpan.FromHours(1)),
            },
            new QuotaRule
            {
                Name = "address-route-concurrency", Per = QuotaScopeParts.Address | QuotaScopeParts.Route,
                Limit = new QuotaLimit(QuotaUnit.ConcurrentRequests, 100_000, default),
            },
        ]);
        _enforcer = new Enforcer(
            rules, new IdentityKey(Encoding.ASCII.GetBytes("a key for benchmarks and nothing else")), new InProcessQuotaStore(TimeProvider.System, TimeSpan.FromMinutes(1)),
            new ShieldMetrics(Metrics.NewCustomRegistry()), new EnforcerOptions(), TimeProvider.System, NullLogger<Enforcer>.Instance);
    }

    /// <summary>Stages 1 to 6 and 9, with the inspection of a body of 1 KB.</summary>
    [Benchmark, Budget(128, LeastPerSecond = 50_000)]
    public async ValueTask<bool> WholeExchange()
    {
        var exchange = _enforcer.Rent();
        exchange.Route = "chat";
        exchange.Dialect = _dialect;
        exchange.Identify(Key, _address);
        if (_dialect.Inspect(_body, exchange.Facts) is not null) throw new InvalidOperationException("The body is sound.");
        await _enforcer.DecideAsync(exchange);
        var isAdmitted = exchange.Denial is null;
        _enforcer.Settle(exchange, ExchangeEnd.Completed);
        _enforcer.Return(exchange);
        return isAdmitted ? isAdmitted : throw new InvalidOperationException("No limit is this low.");
    }
}
