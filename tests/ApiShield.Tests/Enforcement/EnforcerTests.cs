using System.Net;
using System.Text;
using ApiShield.Dialects.OpenAI;
using ApiShield.Enforcement;
using ApiShield.Quotas;
using ApiShield.Rules;
using ApiShield.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Xunit;

namespace ApiShield.Tests.Enforcement;

public sealed class EnforcerTests : IDisposable
{
    private static readonly IdentityKey Key = new("0123456789abcdef"u8);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly OpenAIChat _dialect = new();
    private FlakyStore? _store;
    private Enforcer? _enforcer;

    [Fact]
    public async Task DecideAsync_OverLimit_RefusesWithTheRuleAndATrueWait()
    {
        Use(Rule("r", QuotaUnit.Requests, 2));
        Assert.Null((await Decide()).Denial);
        Assert.Null((await Decide()).Denial);

        var denial = (await Decide()).Denial!;
        Assert.Equal((DenialKind.QuotaExceeded, 429, "r"), (denial.Kind, denial.Status, denial.Rule));

        _clock.Advance(denial.RetryAfter!.Value - TimeSpan.FromMilliseconds(1));
        Assert.NotNull((await Decide()).Denial);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null((await Decide()).Denial);
    }

    [Fact]
    public async Task DecideAsync_OneRuleRefuses_LeavesNothingOnTheOthers()
    {
        Use(Rule("many", QuotaUnit.Requests, 100), Rule("one", QuotaUnit.Requests, 1), Rule("tokens", QuotaUnit.TotalTokens, 100_000));
        await Decide();
        await Decide();
        Assert.Equal([1L, 1L, 0L], (await _enforcer!.ReadQuotasAsync("acme"))!.Select(quota => quota.Used));
        Assert.Single((await _enforcer.ReadQuotasAsync("acme"))!, quota => quota.Held > 0);
    }

    [Fact]
    public async Task DecideAsync_ShadowRuleOverLimit_LetsThroughAndCountsOnlyWhatItWouldHaveAdmitted()
    {
        Use(Rule("shadow", QuotaUnit.Requests, 1, EnforcementMode.Shadow));
        for (var i = 0; i < 3; i++) Assert.Null((await Decide()).Denial);
        Assert.Equal(1, (await _enforcer!.ReadQuotasAsync("acme"))![0].Used);
    }

    [Fact]
    public async Task DecideAsync_FirstRequestWithoutMaximum_FitsALimitBelowTheDefault()
    {
        Use(Rule("tokens", QuotaUnit.TotalTokens, 100));
        Assert.Null((await Decide("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""")).Denial);
    }

    [Fact]
    public async Task DecideAsync_InputLargerThanTheLimit_IsTooLargeAndNotToBeRetried()
    {
        Use(Rule("tokens", QuotaUnit.InputTokens, 100));
        var denial = (await Decide($$"""{"model":"m","messages":[{"role":"user","content":"{{new string('a', 4000)}}"}]}""")).Denial!;
        Assert.Equal((DenialKind.RequestTooLarge, (TimeSpan?)null), (denial.Kind, denial.RetryAfter));
    }

    [Fact]
    public async Task Settle_ReportedUsage_ReplacesTheHold()
    {
        Use(Rule("tokens", QuotaUnit.TotalTokens, 10_000));
        var exchange = await Decide();
        Assert.InRange((await Quota()).Held, 1, 10_000);

        exchange.BeginResponse(200);
        exchange.Reader!.ReadEvent("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":12}}\n\n"u8);
        _enforcer!.Settle(exchange, ExchangeEnd.Completed);
        Assert.Equal((42L, 0L), ((await Quota()).Used, (await Quota()).Held));
        Assert.Equal(0, _enforcer.LiveCount);
    }

    [Theory]
    [InlineData(ExchangeEnd.ClientAborted, 200)]
    [InlineData(ExchangeEnd.UpstreamFailed, 200)]
    [InlineData(ExchangeEnd.Cut, 200)]
    public async Task Settle_NoUsageReported_ChargesAtLeastWhatWasRelayed(ExchangeEnd end, int status)
    {
        Use(Rule("tokens", QuotaUnit.OutputTokens, 10_000));
        var exchange = await Decide();
        exchange.BeginResponse(status);
        for (var i = 0; i < 25; i++) exchange.Reader!.ReadEvent("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"u8);
        _enforcer!.Settle(exchange, end);
        Assert.InRange((await Quota()).Used, 25, 50);
        Assert.Equal(0, (await Quota()).Held);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(400)]
    public async Task Settle_UpstreamRefused_ChargesNoTokens(int status)
    {
        Use(Rule("tokens", QuotaUnit.TotalTokens, 10_000));
        var exchange = await Decide();
        exchange.BeginResponse(status);
        _enforcer!.Settle(exchange, ExchangeEnd.Completed);
        Assert.Equal((0L, 0L), ((await Quota()).Used, (await Quota()).Held));
    }

    [Fact]
    public async Task Settle_Twice_ChangesNothing()
    {
        Use(Rule("slots", QuotaUnit.ConcurrentRequests, 1));
        var exchange = await Decide();
        _enforcer!.Settle(exchange, ExchangeEnd.Completed);
        await Decide();
        _enforcer.Settle(exchange, ExchangeEnd.Completed);
        Assert.NotNull((await Decide()).Denial);
    }

    [Fact]
    public async Task ExtendAsync_Cut_GrantsUpToTheLimitAndNotOneMore()
    {
        Use(new QuotaRule { Name = "cut", Limit = Minute(QuotaUnit.OutputTokens, 100), OnExhausted = ExhaustedMode.Cut, DefaultOutput = 10 });
        var exchange = await Decide(ChatBody(stream: true));
        exchange.BeginResponse(200);

        var passed = 0;
        while (passed < 200)
        {
            exchange.Reader!.ReadEvent("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"u8);
            if (exchange.MustExtend && !await _enforcer!.ExtendAsync(exchange)) break;
            passed++;
        }
        Assert.Equal(100, passed);
    }

    [Fact]
    public async Task LongAnswer_Renewed_KeepsItsHold()
    {
        Use(Rule("slots", QuotaUnit.ConcurrentRequests, 1));
        await Decide();
        for (var minute = 0; minute < 10; minute++)
        {
            for (var second = 0; second < 60; second += 5) _clock.Advance(TimeSpan.FromSeconds(5));
            Assert.NotNull((await Decide()).Denial);
        }
    }

    [Theory]
    [InlineData(StoreFailureMode.Allow, new[] { true, true, true, true })]
    [InlineData(StoreFailureMode.Deny, new[] { false, false, false, false })]
    [InlineData(StoreFailureMode.Local, new[] { true, true, false, false })] // 4 over 2 replicas
    public async Task DecideAsync_StoreDown_DoesWhatTheRuleSays(StoreFailureMode mode, bool[] admitted)
    {
        Use(new QuotaRule { Name = "r", Limit = Minute(QuotaUnit.Requests, 4), OnStoreFailure = mode });
        _store!.IsDown = true;
        var outcomes = new List<bool>();
        for (var i = 0; i < admitted.Length; i++)
        {
            var exchange = await Decide();
            outcomes.Add(exchange.Denial is null);
            if (exchange.Denial is { } denial) Assert.Equal(mode == StoreFailureMode.Deny ? 503 : 429, denial.Status);
            _enforcer!.Settle(exchange, ExchangeEnd.Completed);
        }
        Assert.Equal(admitted, outcomes);
    }

    [Fact]
    public async Task DecideAsync_InProcess_StaysWithinItsAllocationBudget()
    {
        Use(Rule("a", QuotaUnit.Requests, 1_000_000), Rule("b", QuotaUnit.TotalTokens, 1_000_000_000), Rule("c", QuotaUnit.ConcurrentRequests, 1000));
        async Task Once()
        {
            var exchange = await Decide();
            _enforcer!.Settle(exchange, ExchangeEnd.Completed);
            _enforcer.Return(exchange);
        }
        for (var i = 0; i < 1000; i++) await Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) await Once();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 1000;
        Assert.InRange(each, 0, 1200);
    }

    public void Dispose()
    {
        _enforcer?.Dispose();
        _store?.Dispose();
    }

    private static QuotaLimit Minute(QuotaUnit unit, long limit) => new(unit, limit, TimeSpan.FromMinutes(1));

    private static QuotaRule Rule(string name, QuotaUnit unit, long limit, EnforcementMode mode = EnforcementMode.Enforce) =>
        new() { Name = name, Limit = Minute(unit, limit), Mode = mode };

    private static string ChatBody(bool stream = false) =>
        $$"""{"model":"m","messages":[{"role":"user","content":"Hello there"}],"stream":{{(stream ? "true" : "false")}}}""";

    private void Use(params QuotaRule[] rules)
    {
        _store = new FlakyStore(new InProcessQuotaStore(_clock, TimeSpan.FromSeconds(60)));
        var accounts = new RuleSet("test", rules) { Accounts = [new AccountEntry("acme", null, null, [Key.HashApiKey("acme-key")])] };
        _enforcer = new Enforcer(accounts, Key, _store, new ShieldMetrics(Metrics.NewCustomRegistry()),
            new EnforcerOptions { Replicas = 2 }, _clock, NullLogger<Enforcer>.Instance);
    }

    private async Task<Exchange> Decide(string? body = null)
    {
        var exchange = _enforcer!.Rent();
        exchange.Dialect = _dialect;
        exchange.Route = "openai";
        exchange.Identify("acme-key", IPAddress.Loopback);
        Assert.Null(_dialect.Inspect(new(Encoding.UTF8.GetBytes(body ?? ChatBody())), exchange.Facts));
        await _enforcer.DecideAsync(exchange);
        return exchange;
    }

    private async Task<QuotaState> Quota() => (await _enforcer!.ReadQuotasAsync("acme"))!.Single();
}
