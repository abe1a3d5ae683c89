using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Writes an answer as server-sent events: one event a token, choices in turn.</summary>
/// <remarks>
/// What all events share is written once; an event is then a copy of that around one token. Without delays events are flushed in batches.
/// </remarks>
internal sealed class ChatStreamWriter : IDisposable
{
    private const int BatchBytes = 8 * 1024;

    /// <summary>More than all fixed parts of an event behind its head.</summary>
    private const int EventOverhead = 256;

    private readonly ArrayBufferWriter<byte> _scratch = new(1024);
    private readonly Utf8JsonWriter _json;
    private byte[] _head = new byte[512];
    private int _headLength;
    private PipeWriter _output = null!;
    private SimulatedAnswer _answer = null!;
    private ChatRequest _request = null!;
    private bool _usageNull;
    private int _unflushed;

    public ChatStreamWriter() => _json = new Utf8JsonWriter(_scratch, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Visible tokens given to the connection so far.</summary>
    public int Written { get; private set; }

    public void Dispose() => _json.Dispose();

    /// <summary>
    /// Writes the whole answer, or as much of it as the directives allow. The end of a complete answer is left unflushed, so that the caller can
    /// close its books before a client can have seen that end.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client went away; <see cref="Written"/> says how far the answer had come.</exception>
    public async Task<AnswerOutcome> WriteAsync(
        PipeWriter output, ChatRequest request, SimulatedAnswer answer, SimulatorDirectives directives, ResponseHead head, SimulatorOptions options,
        AnswerPace pace, CancellationToken aborted)
    {
        Begin(output, request, answer, head, request.IncludeUsage && !directives.NoUsage);
        var steps = 0;
        var hidden = 0;
        for (var i = 0; i < answer.Count; i++)
        {
            steps = Math.Max(steps, answer[i].VisibleTokens);
            hidden = Math.Max(hidden, answer[i].HiddenReasoning);
        }

        await PauseAsync(pace, 0, options.Clock, aborted);
        for (var i = 0; i < answer.Count; i++) WriteRole(i);
        for (var step = 0; step <= steps; step++)
        {
            await PauseAsync(pace, hidden + step, options.Clock, aborted);
            for (var i = 0; i < answer.Count; i++)
            {
                if (step > answer[i].VisibleTokens) continue;
                if (step == answer[i].VisibleTokens)
                {
                    WriteFinish(i);
                    continue;
                }

                if (await StopHereAsync(directives, options.Clock, aborted) is { } outcome) return outcome;
                WriteToken(i, step);
                Written++;
                if (_unflushed >= BatchBytes) await FlushAsync(aborted);
            }
        }

        // An answer shorter than asked for is broken off all the same, before it is complete.
        if (directives.AbortAfterTokens is not null) return await DropAsync(AnswerOutcome.Dropped, aborted);
        if (directives.ResetAfterTokens is not null) return await DropAsync(AnswerOutcome.Reset, aborted);
        if (request.IncludeUsage && !directives.NoUsage) WriteUsage();
        Append("data: [DONE]\n\n"u8);
        return AnswerOutcome.Completed;
    }

    private void Begin(PipeWriter output, ChatRequest request, SimulatedAnswer answer, ResponseHead head, bool withUsage)
    {
        (_output, _request, _answer, _usageNull) = (output, request, answer, withUsage);
        (_unflushed, Written) = (0, 0);

        Restart();
        _json.WriteStartObject();
        head.Write(_json, "chat.completion.chunk"u8);
        _json.Flush();
        var members = _scratch.WrittenSpan;
        _headLength = members.Length + "data: "u8.Length;
        if (_headLength > _head.Length) _head = new byte[_headLength];
        "data: "u8.CopyTo(_head);
        members.CopyTo(_head.AsSpan("data: "u8.Length));
    }

    /// <summary>The first event of a choice: its role, and for a tool call the call without its arguments.</summary>
    private void WriteRole(int index)
    {
        var choice = _answer[index];
        Restart();
        _json.WriteStartObject();
        _json.WriteString("role"u8, "assistant"u8);
        if (choice.ToolName is null) _json.WriteString("content"u8, ""u8);
        else
        {
            _json.WriteNull("content"u8);
            _json.WriteStartArray("tool_calls"u8);
            _json.WriteStartObject();
            _json.WriteNumber("index"u8, 0);
            _json.WriteString("id"u8, choice.ToolCallId);
            _json.WriteString("type"u8, "function"u8);
            _json.WriteStartObject("function"u8);
            _json.WriteString("name"u8, choice.ToolName);
            _json.WriteString("arguments"u8, ""u8);
            _json.WriteEndObject();
            _json.WriteEndObject();
            _json.WriteEndArray();
        }

        _json.WriteNull("refusal"u8);
        _json.WriteEndObject();
        _json.Flush();
        Head(index);
        Append(_scratch.WrittenSpan);
        Tail("null"u8);
    }

    private void WriteFinish(int index)
    {
        Head(index);
        Append("{}"u8);
        Tail(_answer[index].FinishReason switch
        {
            "stop" => "\"stop\""u8,
            "length" => "\"length\""u8,
            _ => "\"tool_calls\""u8,
        });
    }

    private void WriteToken(int index, int step)
    {
        var choice = _answer[index];
        var reasons = step < choice.Reasoning.Count;
        var at = reasons ? step : step - choice.Reasoning.Count;
        var token = reasons ? choice.Reasoning[at] : choice.Content[at];
        var called = !reasons && choice.ToolName is not null;

        Head(index);
        Append(reasons ? "{\"reasoning_content\":\""u8
            : called ? "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""u8
            : "{\"content\":\""u8);
        var span = _output.GetSpan(token.Length * 6);
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(token, span, out _, out var escaped);
        Advance(escaped);
        Append(called ? "\"}}]}"u8 : "\"}"u8);
        if (_request.LogProbs && !reasons && !called) WithLogProbs(choice, token, at);
        else Tail("null"u8);
    }

    private void WithLogProbs(SimulatedChoice choice, ReadOnlySpan<byte> token, int at)
    {
        Restart();
        _json.WriteStartObject();
        _json.WriteStartArray("content"u8);
        LogProbabilities.Write(_json, token, choice.Seed, at, _request.TopLogProbs);
        _json.WriteEndArray();
        _json.WriteNull("refusal"u8);
        _json.WriteEndObject();
        _json.Flush();
        Append(",\"logprobs\":"u8);
        Append(_scratch.WrittenSpan);
        Append(",\"finish_reason\":null}]"u8);
        Append(_usageNull ? ",\"usage\":null}\n\n"u8 : "}\n\n"u8);
    }

    private void WriteUsage()
    {
        Restart();
        ResponseHead.WriteUsage(_json, _answer);
        _json.Flush();
        Append(_head.AsSpan(0, _headLength));
        Append(",\"choices\":[],\"usage\":"u8);
        Append(_scratch.WrittenSpan);
        Append("}\n\n"u8);
    }

    /// <summary>Everything of an event up to its delta.</summary>
    private void Head(int index)
    {
        var span = _output.GetSpan(_headLength + EventOverhead);
        _head.AsSpan(0, _headLength).CopyTo(span);
        var length = _headLength;
        ",\"choices\":[{\"index\":"u8.CopyTo(span[length..]);
        length += ",\"choices\":[{\"index\":"u8.Length;
        _ = Utf8Formatter.TryFormat(index, span[length..], out var digits);
        length += digits;
        ",\"delta\":"u8.CopyTo(span[length..]);
        Advance(length + ",\"delta\":"u8.Length);
    }

    /// <summary>Everything of an event behind its delta.</summary>
    private void Tail(ReadOnlySpan<byte> finishReason)
    {
        Append(",\"logprobs\":null,\"finish_reason\":"u8);
        Append(finishReason);
        Append(_usageNull ? "}],\"usage\":null}\n\n"u8 : "}]}\n\n"u8);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_output.GetSpan(bytes.Length));
        Advance(bytes.Length);
    }

    private void Advance(int bytes)
    {
        _output.Advance(bytes);
        _unflushed += bytes;
    }

    private void Restart()
    {
        _scratch.ResetWrittenCount();
        _json.Reset();
    }

    /// <summary>Does what the request asked for after so many tokens; null to go on.</summary>
    private async ValueTask<AnswerOutcome?> StopHereAsync(SimulatorDirectives directives, TimeProvider clock, CancellationToken aborted)
    {
        if (Written == directives.AbortAfterTokens) return await DropAsync(AnswerOutcome.Dropped, aborted);
        if (Written == directives.ResetAfterTokens) return await DropAsync(AnswerOutcome.Reset, aborted);
        if (Written == directives.ErrorEventAfter)
        {
            Restart();
            ChatError.OnDemand(500).Write(_json);
            _json.Flush();
            Append("data: "u8);
            Append(_scratch.WrittenSpan);
            Append("\n\n"u8);
            return AnswerOutcome.Dropped;
        }

        if (Written != directives.HangAfterTokens) return null;
        await FlushAsync(aborted);
        await Task.Delay(Timeout.InfiniteTimeSpan, clock, aborted);
        return null;
    }

    private async ValueTask<AnswerOutcome> DropAsync(AnswerOutcome outcome, CancellationToken aborted)
    {
        await FlushAsync(aborted);
        return outcome;
    }

    private async ValueTask PauseAsync(AnswerPace pace, int tokens, TimeProvider clock, CancellationToken aborted)
    {
        var wait = pace.UntilDue(tokens);
        if (wait == TimeSpan.Zero) return;
        await FlushAsync(aborted);
        await Task.Delay(wait, clock, aborted);
    }

    private async ValueTask FlushAsync(CancellationToken aborted)
    {
        _unflushed = 0;
        await _output.FlushAsync(aborted);
        aborted.ThrowIfCancellationRequested();
    }
}
