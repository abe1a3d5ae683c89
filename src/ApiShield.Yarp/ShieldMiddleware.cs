using System.Globalization;
using System.Net;
using ApiShield.Dialects;
using ApiShield.Enforcement;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace ApiShield.Yarp;

/// <summary>Takes a request of the reverse proxy through the engine, between YARP's choice of route and its choice of destination.</summary>
/// <remarks>
/// The path of a request; the code carries the same numbers.
/// <list type="number">
/// <item>Snapshot: take the rules of this moment for the request and its answer.</item>
/// <item>Identify: who sends it, by key or address.</item>
/// <item>Inspect: read the body once, in the dialect of the route.</item>
/// <item>Match: find the rules for route, plan, organization and model.</item>
/// <item>Check: reserve on every scope they name, in one call to the store.</item>
/// <item>Decide: refuse in the dialect's shape, or go on.</item>
/// <item>Forward: YARP, with the body as it came or patched for the accounting.</item>
/// <item>Observe: look at the answer as it passes.</item>
/// <item>Settle: true the reservation up to what was used, however the exchange ended.</item>
/// <item>Record: metrics, and one log event if the request was not allowed.</item>
/// </list>
/// </remarks>
internal sealed class ShieldMiddleware(RequestDelegate next, Enforcer enforcer, DialectTable dialects, ShieldOptions options, TimeProvider clock)
{
    private readonly BufferBudget _budget = new(options.MaxBufferedBytes);

    public Task InvokeAsync(HttpContext context)
    {
        ConnectionHeaders.Strip(context.Request.Headers);
        return IsPreflight(context.Request) ? next(context) : ShieldAsync(context);
    }

    private async Task ShieldAsync(HttpContext context)
    {
        var route = RouteSettings.Of(context.GetReverseProxyFeature().Route, dialects);
        var exchange = enforcer.Rent(); // 1
        exchange.Route = route.Name;
        exchange.Dialect = route.Dialect;
        var body = new RequestBody(_budget);
        try
        {
            var denial = Identify(context, exchange); // 2
            denial ??= await InspectAsync(context, exchange, route, body).ConfigureAwait(false); // 3
            if (denial is not null) enforcer.CountInvalid();
            else
            {
                await enforcer.DecideAsync(exchange).ConfigureAwait(false); // 4, 5, 6
                denial = exchange.Denial;
            }

            if (denial is not null) await RefuseAsync(context, exchange, denial).ConfigureAwait(false);
            else await ForwardAsync(context, exchange, body).ConfigureAwait(false); // 7, 8, 9
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The caller has left in the middle of its request or of a refusal: nobody is there to be answered, and the server need not log it as a fault.
            context.Abort();
        }
        finally
        {
            body.Dispose();
            enforcer.Return(exchange);
        }
    }

    private static Denial? Identify(HttpContext context, Exchange exchange)
    {
        if (!ApiKeys.TryRead(context.Request.Headers, out var key))
            return Denials.Invalid(400, "Your request carries several different API keys. Send one, in one header.", "ambiguous_api_key");
        exchange.Identify(key, context.Connection.RemoteIpAddress ?? IPAddress.None);
        return null;
    }

    private async ValueTask<Denial?> InspectAsync(HttpContext context, Exchange exchange, RouteSettings route, RequestBody body)
    {
        var request = context.Request;
        switch (exchange.Dialect.Operation(request.Method, request.Path.Value ?? ""))
        {
            case DialectOperation.Unknown when !route.ForwardsUnknownPaths:
                return Denials.UnknownPath(Shown(request.Method, 16), Shown(request.Path.Value ?? "", 128));
            case DialectOperation.Generate:
                break;
            default:
                return null;
        }

        // The bound is kept here: Kestrel's own would break the connection under a client that is still sending, before it can read the refusal.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound) bound.MaxRequestBodySize = null;
        try
        {
            switch (await body.ReadAsync(request.Body, request.ContentLength, options.MaxRequestBodyBytes, context.RequestAborted).ConfigureAwait(false))
            {
                case RequestBodyOutcome.TooLarge: return TooLarge();
                case RequestBodyOutcome.NoBudget: return Denials.Busy();
            }
        }
        catch (BadHttpRequestException error)
        {
            // Kestrel's own bounds, or framing that is no HTTP.
            return error.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? TooLarge()
                : Unreadable(error.StatusCode);
        }

        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            body.Join();
            if (exchange.Dialect.Inspect(body.Content, exchange.Facts) is { } error) return Denials.Invalid(error);
            return null;
        }

        var decoded = new RequestBody(_budget);
        context.Response.RegisterForDispose(decoded);
        if (await ContentDecoding.DecodeAsync(encoding, body, decoded, options.MaxRequestBodyBytes).ConfigureAwait(false) is { } denial) return denial;
        decoded.Join();
        if (exchange.Dialect.Inspect(decoded.Content, exchange.Facts) is { } wrong) return Denials.Invalid(wrong);
        context.Items[typeof(RequestBody)] = decoded;
        return null;
    }

    private async Task ForwardAsync(HttpContext context, Exchange exchange, RequestBody body)
    {
        var end = ExchangeEnd.UpstreamFailed;
        var clientBody = context.Response.Body;
        ObservedBody? observed = null;
        var start = new ResponseStart(context, exchange, clock);
        try
        {
            if (exchange.Facts.Generates)
            {
                ReplaceBody(context, exchange.Facts, body);
                context.Request.Headers.AcceptEncoding = "identity";
                context.Response.Body = observed = new ObservedBody(clientBody, context, exchange, enforcer, options);
            }
            context.Response.OnStarting(static state => ((ResponseStart)state).Run(), start);

            await next(context).ConfigureAwait(false); // 7, 8

            var failure = context.Features.Get<IForwarderErrorFeature>();
            if (failure is null)
            {
                if (observed is not null) await observed.FinishAsync(context.RequestAborted).ConfigureAwait(false);
                if (!context.Response.HasStarted) await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
                end = ExchangeEnd.Completed;
            }
            else if (observed is { WasCut: true }) end = ExchangeEnd.Cut;
            else if (context.RequestAborted.IsCancellationRequested) end = ExchangeEnd.ClientAborted;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            end = ExchangeEnd.ClientAborted;
        }
        finally
        {
            start.Disarm();
            if (end != ExchangeEnd.Completed) observed?.ReadBroken();
            enforcer.Settle(exchange, end); // 9
            observed?.Dispose();
            context.Response.Body = clientBody;
        }

        if (end == ExchangeEnd.UpstreamFailed && !context.Response.HasStarted)
            await RefuseAsync(context, exchange, Failure(context.Response.StatusCode)).ConfigureAwait(false);
    }

    /// <summary>Gives the forwarder the bytes that were read. A body that has to change goes on decoded, for its encoding would no longer fit.</summary>
    private static void ReplaceBody(HttpContext context, RequestFacts facts, RequestBody body)
    {
        var request = context.Request;
        if (facts.Patches.Count > 0 && context.Items.TryGetValue(typeof(RequestBody), out var decoded))
        {
            body = (RequestBody)decoded!;
            request.Headers.Remove("Content-Encoding");
        }

        var (pieces, length) = body.Patched(facts.Patches);
        if (request.ContentLength is not null) request.ContentLength = length;
        request.Body = new ReplayStream(pieces);
    }

    /// <summary>6: answers a request that does not go on.</summary>
    private async Task RefuseAsync(HttpContext context, Exchange exchange, Denial denial)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = denial.Status;
        response.ContentType = exchange.Dialect.ErrorContentType;
        response.Headers["x-request-id"] = RequestId(exchange);
        if (denial.RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

        // Official clients would otherwise retry at once what cannot succeed, or wait for minutes inside a call.
        var isHopeless = denial.Kind is DenialKind.RequestTooLarge or DenialKind.Forbidden or DenialKind.Invalid or DenialKind.UnknownPath;
        if (isHopeless || denial.RetryAfter > TimeSpan.FromSeconds(60)) response.Headers["x-should-retry"] = "false";
        if (denial.Kind is DenialKind.QuotaExceeded or DenialKind.RequestTooLarge) LimitHeaders.Write(exchange, new ResponseHeaders(response.Headers), clock.GetUtcNow());

        exchange.Dialect.WriteDenial(response.BodyWriter, denial);
        await response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The forwarder gives a status of 4xx where the request's own body broke off or is too large, else it is the upstream that failed.</summary>
    private static Denial Failure(int status) => status switch
    {
        StatusCodes.Status413PayloadTooLarge => TooLarge(),
        < 500 => Unreadable(status),
        _ => Denials.UpstreamUnavailable(status),
    };

    private static Denial Unreadable(int status) => Denials.Invalid(status, "The body of your request could not be read.", "invalid_request");

    private static Denial TooLarge() => Denials.Invalid(413, "The body of your request is too large.", "request_too_large");

    private static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey("Access-Control-Request-Method") && request.Headers.ContainsKey("Origin");

    private static string Shown(string text, int most) => text.Length <= most ? text : text[..most] + "...";

    private static string RequestId(Exchange exchange) => string.Create(CultureInfo.InvariantCulture, $"req_{exchange.Id:x32}");

    /// <summary>What happens when the upstream's headers are there and the caller's are about to be sent.</summary>
    private sealed class ResponseStart(HttpContext context, Exchange exchange, TimeProvider clock)
    {
        private bool _isDisarmed;

        /// <summary>The exchange is settled and may be another's by now: an answer that starts later carries no limits.</summary>
        public void Disarm() => _isDisarmed = true;

        public Task Run()
        {
            if (_isDisarmed) return Task.CompletedTask;
            var response = context.Response;
            exchange.BeginResponse(response.StatusCode);
            var headers = new ResponseHeaders(response.Headers);
            headers.Set("x-request-id", RequestId(exchange));
            LimitHeaders.Write(exchange, headers, clock.GetUtcNow());

            // An event that is taken out again would make the stated length untrue.
            if (exchange.Facts.Stream) response.ContentLength = null;
            return Task.CompletedTask;
        }
    }
}
