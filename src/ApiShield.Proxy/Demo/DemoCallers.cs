using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace ApiShield.Proxy.Demo;

/// <summary>The callers of the demo: real requests over loopback, each caller by its habit, until cancelled.</summary>
internal sealed class DemoCallers : IDisposable
{
    /// <summary>Honest callers wait out a refusal, but not longer than a demo can be watched.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private readonly HttpClient _client;
    private readonly TimeProvider _clock;
    private readonly int _seed;

    /// <param name="proxy">The proxy's base address.</param>
    /// <param name="callers">Who calls.</param>
    /// <param name="clock">The clock of pauses.</param>
    /// <param name="seed">Decides what is asked and when.</param>
    public DemoCallers(Uri proxy, IReadOnlyList<DemoCaller> callers, TimeProvider clock, int seed = 1)
    {
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            BaseAddress = proxy,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _clock = clock;
        _seed = seed;
        Tallies = [.. callers.Select(caller => new DemoTally(caller))];
    }

    /// <summary>One for each caller, in their order.</summary>
    public IReadOnlyList<DemoTally> Tallies { get; }

    /// <summary>Calls until cancelled; ends when the last request under way has ended.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(Tallies.Select((tally, index) => CallAsync(tally, new Random(_seed + index), cancellation)));

    public void Dispose() => _client.Dispose();

    private async Task CallAsync(DemoTally tally, Random random, CancellationToken cancellation)
    {
        var habit = DemoHabit.Of(tally.Caller.Kind);
        using var slots = new SemaphoreSlim(habit.AtOnce);
        var waitUntil = new Patience();
        try
        {
            while (true)
            {
                await Task.Delay(habit.Pause(random), _clock, cancellation);
                if (habit.HeedsRetryAfter && waitUntil.Left(_clock) is var left && left > TimeSpan.Zero) await Task.Delay(left, _clock, cancellation);
                await slots.WaitAsync(cancellation);
                _ = SendAsync(tally, habit.Body(random), slots, waitUntil, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            for (var i = 0; i < habit.AtOnce; i++) await slots.WaitAsync(CancellationToken.None);
        }
    }

    private async Task SendAsync(DemoTally tally, byte[] body, SemaphoreSlim slots, Patience patience, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tally.Caller.ApiKey);
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            tally.Send();
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            tally.Remain(Header(response, "x-ratelimit-remaining-requests"), Header(response, "x-ratelimit-remaining-tokens"));
            if (response.StatusCode == HttpStatusCode.OK)
            {
                tally.Admit();
                await DemoAnswer.ReadAsync(response, tally.Receive, cancellation);
                return;
            }

            var wait = response.Headers.RetryAfter?.Delta;
            tally.Refuse((int)response.StatusCode, await DemoAnswer.ReasonAsync(response, cancellation), wait);
            patience.Wait(_clock, wait is { } asked && asked < LongestWait ? asked : LongestWait);
        }
        catch (OperationCanceledException)
        {
            // The demo is over; what was under way counts as sent.
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or JsonException)
        {
            tally.Fail(broken.InnerException?.Message ?? broken.Message);
        }
        finally
        {
            slots.Release();
        }
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>When a caller may ask again.</summary>
    private sealed class Patience
    {
        private long _until;

        public void Wait(TimeProvider clock, TimeSpan wait) => Interlocked.Exchange(ref _until, (clock.GetUtcNow() + wait).UtcTicks);

        public TimeSpan Left(TimeProvider clock) => TimeSpan.FromTicks(Interlocked.Read(ref _until) - clock.GetUtcNow().UtcTicks);
    }
}
