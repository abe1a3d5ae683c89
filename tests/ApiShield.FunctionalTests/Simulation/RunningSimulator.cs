using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ApiShield.Proxy.Simulation;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>A model simulator on a free port of loopback, with a plain HTTP client and a view of its books.</summary>
public sealed class RunningSimulator : IAsyncLifetime
{
    private readonly WebApplication _app = ModelSimulator.Create(new SimulatorOptions { Url = "http://127.0.0.1:0", Seed = 7 });

    public Uri Url { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    internal SimulatorStats Stats => _app.Services.GetRequiredService<SimulatorStats>();

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _app.StartAsync(Stop);
        Url = new Uri(_app.Urls.Single());
        Client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(60) };
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    /// <summary>Sends a chat request; the response is returned as soon as its head is there.</summary>
    public async Task<HttpResponseMessage> PostAsync(string body, string? simulate = null, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (simulate is not null) request.Headers.Add("x-simulate", simulate);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    /// <summary>Sends a chat request and reads the answer's object.</summary>
    public async Task<JsonElement> AskAsync(string body, string? simulate = null)
    {
        using var response = await PostAsync(body, simulate);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop)).RootElement;
    }

    /// <summary>Sends a chat request and reads the data of the answer's events, <c>[DONE]</c> included.</summary>
    public async Task<List<string>> EventsAsync(string body, string? simulate = null)
    {
        using var response = await PostAsync(body, simulate);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = new List<string>();
        foreach (var block in (await response.Content.ReadAsStringAsync(Stop)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.StartsWith("data: ", block, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', block);
            events.Add(block["data: ".Length..]);
        }

        return events;
    }

    /// <summary>The chunks of a stream that ends as it should.</summary>
    public async Task<List<JsonElement>> ChunksAsync(string body, string? simulate = null)
    {
        var events = await EventsAsync(body, simulate);
        Assert.Equal("[DONE]", events[^1]);
        return [.. events[..^1].Select(data => JsonDocument.Parse(data).RootElement)];
    }
}
