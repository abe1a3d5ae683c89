using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.ObjectPool;

namespace ApiShield.Proxy.Simulation;

/// <summary>Answers <c>POST /v1/chat/completions</c>.</summary>
internal sealed class SimulatedChat(SimulatorOptions options, SimulatorStats stats)
{
    private readonly ObjectPool<SimulatedExchange> _exchanges = ObjectPool.Create<SimulatedExchange>();
    private long _answers;

    public async Task AnswerAsync(HttpContext context)
    {
        var (total, key) = stats.Open(context.Request.Headers.Authorization);
        var exchange = _exchanges.Get();
        try
        {
            await AnswerAsync(context, exchange, total, key);
        }
        catch (Exception gone) when (gone is OperationCanceledException or ConnectionAbortedException or BadHttpRequestException or IOException)
        {
            // The client left before its answer began, or in the middle of its own request.
            total.AbortUnanswered();
            key.AbortUnanswered();
        }
        finally
        {
            stats.Close();
            _exchanges.Return(exchange);
        }
    }

    private async Task AnswerAsync(HttpContext context, SimulatedExchange exchange, SimulatorCounts total, SimulatorCounts key)
    {
        RequestBody? read;
        try
        {
            read = await RequestBody.ReadAsync(context.Request, options.MaxBodyBytes);
        }
        catch (InvalidDataException)
        {
            Refuse(context, exchange, ChatError.NotJson, null, total, key);
            return;
        }

        if (read is not { } body)
        {
            Refuse(context, exchange, ChatError.TooLarge, null, total, key);
            return;
        }

        using (body)
        {
            var directives = new SimulatorDirectives();
            var error = ChatRequestReader.Read(body.Bytes, exchange.Request) ?? Direct(context, exchange.Request.Model, directives);
            if (error is not null)
            {
                Refuse(context, exchange, error, null, total, key);
                return;
            }

            var pace = new AnswerPace(options, directives);
            if (directives.HangAfterTokens < 0) await Task.Delay(Timeout.InfiniteTimeSpan, options.Clock, context.RequestAborted);
            var failure = directives.Status ?? (directives.ErrorEventAfter is not null && !exchange.Request.Stream ? 500 : null);
            if (failure is { } status)
            {
                await Task.Delay(pace.UntilDue(0), options.Clock, context.RequestAborted);
                Refuse(context, exchange, ChatError.OnDemand(status), directives, total, key);
                return;
            }

            AnswerComposer.Compose(exchange.Request, directives, options.Seed, exchange.Answer);
            await SendAsync(context, exchange, directives, pace, total, key);
        }
    }

    private static ChatError? Direct(HttpContext context, string model, SimulatorDirectives directives)
    {
        var colon = model.StartsWith(SimulatorDirectives.ModelPrefix, StringComparison.Ordinal) ? model.IndexOf(':', StringComparison.Ordinal) : -1;
        if (colon > 0 && directives.Add(model.AsSpan(colon + 1)) is { } error) return error;
        return context.Request.Headers.TryGetValue(SimulatorDirectives.Header, out var header) ? directives.Add(header.ToString()) : null;
    }

    private async Task SendAsync(
        HttpContext context, SimulatedExchange exchange, SimulatorDirectives directives, AnswerPace pace, SimulatorCounts total, SimulatorCounts key)
    {
        var answer = exchange.Answer;
        total.Begin(answer.PromptTokens);
        key.Begin(answer.PromptTokens);
        var number = Interlocked.Increment(ref _answers);
        var head = new ResponseHead(
            string.Create(CultureInfo.InvariantCulture, $"chatcmpl-sim{answer[0].Seed:x16}{number:x8}"),
            options.Clock.GetUtcNow().ToUnixTimeSeconds(),
            exchange.Request.Model);

        var outcome = AnswerOutcome.Aborted;
        var written = 0;
        try
        {
            ModelSimulator.Mark(context.Response, 200, exchange.Request.Stream ? "text/event-stream; charset=utf-8" : "application/json");
            context.Response.Headers["x-request-id"] = string.Create(CultureInfo.InvariantCulture, $"req_sim{number:x16}");
            if (exchange.Request.Stream)
            {
                try
                {
                    outcome = await StreamAsync(context, exchange, directives, pace, head);
                }
                finally
                {
                    written = exchange.Stream.Written;
                }
            }
            else
            {
                outcome = await SendWholeAsync(context, exchange, directives, pace, head);
                written = outcome == AnswerOutcome.Completed ? answer.VisibleTokens : 0;
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or ConnectionAbortedException or IOException)
        {
            outcome = AnswerOutcome.Aborted;
        }
        finally
        {
            total.End(outcome, answer.CompletionTokens, written);
            key.End(outcome, answer.CompletionTokens, written);
        }

        if (outcome == AnswerOutcome.Reset) context.Abort();
        else if (outcome == AnswerOutcome.Dropped && (directives.AbortAfterTokens is not null)) throw new SimulatedDrop();
    }

    private async Task<AnswerOutcome> StreamAsync(
        HttpContext context, SimulatedExchange exchange, SimulatorDirectives directives, AnswerPace pace, ResponseHead head)
    {
        context.Response.Headers.CacheControl = "no-cache";
        if (!directives.GzipResponse)
        {
            return await exchange.Stream.WriteAsync(
                context.Response.BodyWriter, exchange.Request, exchange.Answer, directives, head, options, pace, context.RequestAborted);
        }

        context.Response.Headers.ContentEncoding = "gzip";
        await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        var output = PipeWriter.Create(gzip, new StreamPipeWriterOptions(leaveOpen: true));
        try
        {
            return await exchange.Stream.WriteAsync(
                output, exchange.Request, exchange.Answer, directives, head, options, pace, context.RequestAborted);
        }
        finally
        {
            await output.CompleteAsync();
        }
    }

    private async Task<AnswerOutcome> SendWholeAsync(
        HttpContext context, SimulatedExchange exchange, SimulatorDirectives directives, AnswerPace pace, ResponseHead head)
    {
        if (directives.HangAfterTokens is not null) await Task.Delay(Timeout.InfiniteTimeSpan, options.Clock, context.RequestAborted);
        var longest = 0;
        for (var i = 0; i < exchange.Answer.Count; i++) longest = Math.Max(longest, exchange.Answer[i].CompletionTokens);
        if (pace.UntilDue(longest) is var wait && wait > TimeSpan.Zero) await Task.Delay(wait, options.Clock, context.RequestAborted);

        ChatCompletionWriter.Write(exchange.Json, exchange.Request, exchange.Answer, head, !directives.NoUsage);
        var bytes = exchange.Written;
        if (directives.GzipResponse)
        {
            bytes = Gzip(bytes.Span);
            context.Response.Headers.ContentEncoding = "gzip";
        }

        context.Response.ContentLength = bytes.Length;
        var breaks = directives.AbortAfterTokens is not null ? AnswerOutcome.Dropped
            : directives.ResetAfterTokens is not null ? AnswerOutcome.Reset
            : AnswerOutcome.Completed;
        if (breaks == AnswerOutcome.Completed)
        {
            // Sent when the handler returns, so that the books are closed before the client has its answer.
            context.RequestAborted.ThrowIfCancellationRequested();
            context.Response.BodyWriter.Write(bytes.Span);
        }
        else await context.Response.BodyWriter.WriteAsync(bytes[..(bytes.Length / 2)], context.RequestAborted);

        return breaks;
    }

    private static byte[] Gzip(ReadOnlySpan<byte> bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
        return compressed.ToArray();
    }

    private static void Refuse(
        HttpContext context, SimulatedExchange exchange, ChatError error, SimulatorDirectives? directives, SimulatorCounts total, SimulatorCounts key)
    {
        total.Refuse();
        key.Refuse();
        if (directives?.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds;
        if (directives?.RetryAfterMs is { } milliseconds) context.Response.Headers["retry-after-ms"] = milliseconds;
        error.Write(exchange.Json);
        ModelSimulator.Send(context, error.Status, exchange.Written.Span);
    }
}
