using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>An upstream that answers as its test says, and keeps what it received.</summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedUpstream(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>What has arrived, in order; a request is here before it is answered.</summary>
    public ConcurrentQueue<ReceivedRequest> Received { get; } = new();

    /// <summary>Starts it; without an answer of the test's own it answers with <see cref="Completion"/>.</summary>
    public static async Task<ScriptedUpstream> StartAsync(RequestDelegate? answer = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(server =>
        {
            server.Limits.MaxRequestBodySize = null;
            server.AddServerHeader = false;
        });
        var app = builder.Build();
        var upstream = new ScriptedUpstream(app);
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            upstream.Received.Enqueue(new ReceivedRequest(
                context.Request.Method,
                context.Features.Get<IHttpRequestFeature>()!.RawTarget,
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                body.ToArray()));
            await (answer ?? (static context => Completion(context))).Invoke(context);
        });
        await app.StartAsync();
        return upstream;
    }

    /// <summary>A small completion with this usage.</summary>
    public static Task Completion(HttpContext context, int input = 3, int output = 2)
    {
        context.Response.ContentType = "application/json";
        var body = $$"""
            {"id":"c","object":"chat.completion","created":1,"model":"m",
            "choices":[{"index":0,"message":{"role":"assistant","content":"Hello you"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}} }
            }
            """;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
