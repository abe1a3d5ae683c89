using System.Buffers;
using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>The built-in upstream: an OpenAI chat-completions server that answers with made-up text and says so.</summary>
internal static class ModelSimulator
{
    private const string ModelsPath = "/v1/models";

    private static readonly string[] Models = ["sim-chat", "sim-chat-large", "sim-reasoner"];

    /// <summary>
    /// Makes the application; the caller starts and stops it. Its <see cref="SimulatorStats"/> is in its services and at <c>/simulator/stats</c>.
    /// </summary>
    public static WebApplication Create(SimulatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(options.Url).ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;

            // An upstream with patience: what a proxy before it does about size and slowness is the proxy's business.
            server.Limits.MaxRequestBodySize = null;
            server.Limits.MinRequestBodyDataRate = null;
            server.Limits.MinResponseDataRate = null;
        });
        var stats = new SimulatorStats();
        builder.Services.AddSingleton(stats);
        builder.Services.AddSingleton(options);

        var app = builder.Build();
        var chat = new SimulatedChat(options, stats);
        app.Run(context => Answer(context, chat, stats));
        return app;
    }

    /// <summary>Puts on what every answer of the simulator carries.</summary>
    public static void Mark(HttpResponse response, int status, string contentType)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        response.Headers["x-apishield-simulated"] = "true";
        response.Headers["openai-version"] = "2020-10-01";
    }

    /// <summary>Gives a JSON body to the server, which sends it when the handler returns.</summary>
    public static void Send(HttpContext context, int status, ReadOnlySpan<byte> body)
    {
        Mark(context.Response, status, "application/json");
        context.Response.ContentLength = body.Length;
        context.Response.BodyWriter.Write(body);
    }

    private static Task Answer(HttpContext context, SimulatedChat chat, SimulatorStats stats)
    {
        var path = context.Request.Path.Value ?? "";
        var method = context.Request.Method;
        switch (path)
        {
            case "/v1/chat/completions":
                return HttpMethods.IsPost(method) ? chat.AnswerAsync(context) : NotAllowed(context);
            case ModelsPath:
                return HttpMethods.IsGet(method) ? Send(context, 200, ListModels) : NotAllowed(context);
            case "/simulator/stats":
                return HttpMethods.IsGet(method) ? Send(context, 200, stats.Write) : NotAllowed(context);
            case "/simulator/reset":
                if (!HttpMethods.IsPost(method)) return NotAllowed(context);
                stats.Reset();
                return Send(context, 200, stats.Write);
        }

        if (path.StartsWith(ModelsPath + "/", StringComparison.Ordinal) && HttpMethods.IsGet(method))
        {
            var id = path[(ModelsPath.Length + 1)..];
            return Array.IndexOf(Models, id) >= 0
                ? Send(context, 200, json => WriteModel(json, id))
                : Send(context, new ChatError(404, "The model does not exist or you may not use it.", "model", "model_not_found"));
        }

        return Send(context, new ChatError(404, $"Unknown request URL: {method} {path}.", null, "unknown_url"));
    }

    private static Task NotAllowed(HttpContext context) =>
        Send(context, new ChatError(405, $"{context.Request.Method} is not allowed on {context.Request.Path}.", null, "method_not_supported"));

    private static Task Send(HttpContext context, ChatError error) => Send(context, error.Status, error.Write);

    private static Task Send(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body)) write(json);
        Send(context, status, body.ToArray());
        return Task.CompletedTask;
    }

    private static void ListModels(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (var model in Models) WriteModel(json, model);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, string id)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("object"u8, "model"u8);

        // The simulated models have always been there.
        json.WriteNumber("created"u8, 1_700_000_000);
        json.WriteString("owned_by"u8, "apishield-simulator"u8);
        json.WriteEndObject();
    }
}
