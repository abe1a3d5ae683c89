using ApiShield.Proxy.Demo;
using ApiShield.Proxy.Simulation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Spectre.Console;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>The demo's callers and table against a gate that admits all but one of them.</summary>
public sealed class DemoRunTests
{
    [Fact]
    public async Task Run_UntilCancelled_CountsWhatCameBackAndSaysWhy()
    {
        var refusals = 0;
        var enough = new TaskCompletionSource();
        await using var simulator = ModelSimulator.Create(new SimulatorOptions { Url = "http://127.0.0.1:0" });
        await simulator.StartAsync(RunningSimulator.Stop);
        using var upstream = new HttpClient { BaseAddress = new Uri(simulator.Urls.Single()) };

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var gate = builder.Build();
        gate.Urls.Add("http://127.0.0.1:0");
        gate.Run(async context =>
        {
            context.Response.Headers["x-ratelimit-remaining-requests"] = "12";
            if (context.Request.Headers.Authorization == "Bearer k-greedy")
            {
                if (Interlocked.Increment(ref refusals) == 5) enough.TrySetResult();
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "7";
                await context.Response.WriteAsync("""{"error":{"message":"Out of luck.","type":"rate_limit_exceeded","param":null,"code":null}}""");
                return;
            }

            using var content = new StreamContent(context.Request.Body);
            using var request = new HttpRequestMessage(HttpMethod.Post, context.Request.Path.Value) { Content = content };
            request.Headers.TryAddWithoutValidation("Authorization", context.Request.Headers.Authorization.ToString());
            using var answer = await upstream.SendAsync(request, context.RequestAborted);
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
        await gate.StartAsync(RunningSimulator.Stop);

        DemoCaller[] callers =
        [
            new("greedy", DemoCallerKind.OverQuota, "free", "k-greedy"),
            new("labels", DemoCallerKind.BatchLabeller, "scale", "k-labels"),
            new("coder", DemoCallerKind.CodingAgent, "team", "k-coder"),
        ];
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 160;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(RunningSimulator.Stop);
        var running = DemoRun.RunAsync(new Uri(gate.Urls.First()), callers, null, console, TimeProvider.System, over.Token);
        await enough.Task.WaitAsync(TimeSpan.FromSeconds(60), RunningSimulator.Stop);
        var stats = simulator.Services.GetRequiredService<SimulatorStats>();
        while (stats.ForKey("k-labels").Completed < 3 || stats.ForKey("k-coder").Completed < 1) await Task.Delay(20, RunningSimulator.Stop);
        await over.CancelAsync();
        var tallies = await running;

        var greedy = tallies[0].Now;
        Assert.True(greedy.Refused >= 5, $"{greedy.Refused} refused");
        Assert.Equal((0, 429, "Out of luck."), (greedy.Admitted, greedy.LastStatus, greedy.LastReason));
        Assert.Equal(TimeSpan.FromSeconds(7), greedy.RetryAfter);
        Assert.All(tallies.Skip(1), tally => Assert.Equal((0, 0), (tally.Now.Refused, tally.Now.Failed)));
        Assert.True(tallies[1].Now.Admitted >= 2, "the labeller was admitted");
        Assert.InRange(tallies[1].Now.Tokens, 8, stats.ForKey("k-labels").CompletionTokens);
        Assert.Equal("12", tallies[1].Now.RemainingRequests);
        Assert.Contains("429, retry after 7 s: Out of luck.", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithADuration_EndsByItselfEvenWithoutAProxy()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 160;

        // The discard port: nobody listens.
        var tallies = await DemoRun.RunAsync(
            new Uri("http://127.0.0.1:9"), DemoCaller.All, TimeSpan.FromSeconds(1.5), console, TimeProvider.System, RunningSimulator.Stop)
            .WaitAsync(TimeSpan.FromSeconds(30), RunningSimulator.Stop);
        Assert.Equal(0, tallies.Sum(tally => tally.Now.Admitted));
        Assert.True(tallies.Sum(tally => tally.Now.Failed) > 0, "failures are counted");
        Assert.Contains("no answer", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Callers_OfTheDemo_HaveNamesAndKeysOfTheirOwn()
    {
        Assert.Equal(DemoCaller.All.Count, DemoCaller.All.Select(caller => caller.Name).Distinct().Count());
        Assert.Equal(DemoCaller.All.Count, DemoCaller.All.Select(caller => caller.ApiKey).Distinct().Count());
        Assert.Single(DemoCaller.All, caller => caller.Kind == DemoCallerKind.OverQuota);
        foreach (var plan in DemoCaller.All.Select(caller => caller.Plan).Distinct())
            Assert.Contains($"plans: [{plan}]", DemoRun.Rules(), StringComparison.Ordinal);
    }
}
