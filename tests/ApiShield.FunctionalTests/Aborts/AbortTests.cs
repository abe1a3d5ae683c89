using System.Globalization;
using System.Text;
using ApiShield.FunctionalTests.Hosting;
using ApiShield.TestKit.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Aborts;

/// <summary>Clients that leave: whatever the moment, nothing stays reserved and what they got is charged.</summary>
public sealed class AbortTests
{
    /// <summary>Set to run another number of aborts.</summary>
    private const string CountVariable = "APISHIELD_TEST_ABORTS";

    private static int Count => int.Parse(Environment.GetEnvironmentVariable(CountVariable) ?? "10000", CultureInfo.InvariantCulture);

    [Fact]
    public Task Aborts_10000AtRandomBytes_LeaveNothingReserved() => AbortRun.RunAsync(null, Count);

    [Fact]
    public async Task Aborts_10000AtRandomBytes_LeaveNothingReservedOnRedis()
    {
        await using var redis = await RedisServer.StartAsync();
        await AbortRun.RunAsync(redis, Count);
    }

    [Fact]
    public async Task Whole_AbortedInTheMiddle_IsChargedForWhatWasRelayed()
    {
        var words = string.Concat(Enumerable.Repeat("word ", 400_000));
        var goOn = new TaskCompletionSource();
        await using var upstream = await ScriptedUpstream.StartAsync(async context =>
        {
            var body = Encoding.UTF8.GetBytes($$"""{"choices":[{"index":0,"message":{"role":"assistant","content":"{{words}}"} }],"usage":{"prompt_tokens":1,"completion_tokens":400000} }""");
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await goOn.Task.WaitAsync(context.RequestAborted);
        });
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: out, unit: outputTokens, limit: 100M, window: 1h }]", upstream.Address);
        using (var request = ChatRequests.Post(ChatRequests.Body()))
        using (var response = await proxy.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            await stream.ReadExactlyAsync(new byte[900_000], TestContext.Current.CancellationToken);
        }
        Assert.InRange((await proxy.QuotaAsync("out")).Used, 180_000, 1_000_000);
        goOn.SetResult();
    }

    [Fact]
    public async Task Whole_AbortedBeforeTheAnswer_IsChargedItsInput()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: in, unit: inputTokens, limit: 100M, window: 1h }, { name: out, unit: outputTokens, limit: 100M, window: 1h }]");
        using (var leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            using var request = ChatRequests.Post(ChatRequests.Body("A question of some length", model: "sim-chat:hang"));
            var sending = proxy.Client.SendAsync(request, leave.Token);
            await TestProxy.UntilAsync(() => Task.FromResult(proxy.Upstream.InFlight == 1));
            Assert.True((await proxy.Host.Enforcer.ReadQuotasAsync(TestProxy.AccountOf("test-key")))![1].Held > 0);
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }
        Assert.InRange((await proxy.QuotaAsync("in")).Used, 8, 100);
        Assert.Equal((0, 0), ((await proxy.QuotaAsync("out")).Used, (await proxy.QuotaAsync("out")).Held));
        await TestProxy.UntilAsync(() => Task.FromResult(proxy.Upstream.InFlight == 0));
    }
}
