using System.Buffers;
using System.Runtime.CompilerServices;
using ApiShield.Dialects;
using ApiShield.Enforcement;
using Microsoft.AspNetCore.Http;

namespace ApiShield.Yarp;

/// <summary>
/// The response body as the forwarder sees it: lets every byte pass as it arrives while the exchange's reader looks on. Of a stream of events, only an
/// event that has not arrived whole is held, for its client could not use it either.
/// </summary>
internal sealed class ObservedBody(Stream inner, HttpContext context, Exchange exchange, Enforcer enforcer, ShieldOptions options) : Stream
{
    /// <summary>Time for the last event of a cut answer to reach its reader before the connection breaks.</summary>
    private static readonly TimeSpan CutDelay = TimeSpan.FromMilliseconds(50);

    private readonly PooledBytes _held = new();
    private SseScanner _scanner;
    private Kind _kind;

    private enum Kind
    {
        Unknown,
        Events,
        Whole,
        Opaque,
    }

    /// <summary>The answer was cut.</summary>
    public bool WasCut { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_kind == Kind.Unknown) _kind = Classify();
        switch (_kind)
        {
            case Kind.Events:
                await WriteEventsAsync(buffer, cancellationToken).ConfigureAwait(false);
                break;
            case Kind.Whole:
                Keep(buffer);
                if (_kind == Kind.Whole && _held.Length == context.Response.ContentLength) SettleWhole();
                await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
                break;
            default:
                exchange.Reader?.CountUnreadable(buffer.Length);
                await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <summary>Reads what is left when the upstream has ended, and lets an event pass that was never closed by a blank line.</summary>
    public async ValueTask FinishAsync(CancellationToken cancellationToken)
    {
        if (_held.Length == 0) return;
        if (_kind == Kind.Whole)
        {
            ReadWhole();
        }
        else
        {
            exchange.Reader?.ReadEvent(_held.Memory.Span);
            await inner.WriteAsync(_held.Memory, cancellationToken).ConfigureAwait(false);
        }
        _held.Clear();
    }

    /// <summary>Reads as much of an answer that is no stream as has passed before it broke off, so that it is charged.</summary>
    public void ReadBroken()
    {
        if (_kind == Kind.Whole && _held.Length > 0) ReadWhole();
    }

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Gives the rented buffer back; what is held is lost.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _held.Dispose();
        base.Dispose(disposing);
    }

    private Kind Classify()
    {
        var response = context.Response;
        exchange.BeginResponse(response.StatusCode);
        if (exchange.Reader is null) return Kind.Opaque;
        if (response.Headers.ContentEncoding.Count > 0 && !string.Equals(response.Headers.ContentEncoding, "identity", StringComparison.OrdinalIgnoreCase)) return Kind.Opaque;
        var type = response.ContentType;
        if (type is null) return Kind.Opaque;
        if (type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)) return Kind.Events;
        return type.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) ? Kind.Whole : Kind.Opaque;
    }

    private void ReadWhole()
    {
        exchange.Reader?.ReadBody(new ReadOnlySequence<byte>(_held.Memory));
        _held.Clear();
    }

    /// <summary>The last bytes are about to go: who reads them may ask again at once, and must find free what this answer has held.</summary>
    private void SettleWhole()
    {
        ReadWhole();
        enforcer.Settle(exchange, ExchangeEnd.Completed);
    }

    private void Keep(ReadOnlyMemory<byte> buffer)
    {
        if (_held.Length + buffer.Length <= options.MaxResponseBytes)
        {
            _held.Append(buffer.Span);
            return;
        }

        exchange.Reader!.CountUnreadable(_held.Length + buffer.Length);
        _held.Clear();
        _kind = Kind.Opaque;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteEventsAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        var reader = exchange.Reader!;
        var passed = 0; // Bytes of the buffer that have gone on or were taken out.
        var at = 0;
        while (at < buffer.Length)
        {
            var length = _scanner.FindEnd(buffer.Span[at..]);
            if (length < 0) break;

            var end = at + length;
            EventFate fate;
            if (_held.Length > 0)
            {
                _held.Append(buffer.Span[at..end]);
                fate = reader.ReadEvent(_held.Memory.Span);
            }
            else
            {
                fate = reader.ReadEvent(buffer.Span[at..end]);
            }

            if (exchange.MustExtend && !await enforcer.ExtendAsync(exchange).ConfigureAwait(false))
            {
                await inner.WriteAsync(buffer[passed..at], cancel).ConfigureAwait(false);
                await CutAsync(cancel).ConfigureAwait(false);
            }

            // Who reads this event may ask again at once, and must find free what this answer has held.
            if (reader.Ended) enforcer.Settle(exchange, ExchangeEnd.Completed);

            if (_held.Length > 0)
            {
                if (fate == EventFate.Relay) await inner.WriteAsync(_held.Memory, cancel).ConfigureAwait(false);
                _held.Clear();
                passed = end;
            }
            else if (fate == EventFate.Drop)
            {
                if (at > passed) await inner.WriteAsync(buffer[passed..at], cancel).ConfigureAwait(false);
                passed = end;
            }
            at = end;
        }

        if (at > passed) await inner.WriteAsync(buffer[passed..at], cancel).ConfigureAwait(false);
        if (at == buffer.Length) return;

        _held.Append(buffer.Span[at..]);
        if (_held.Length <= options.MaxEventBytes) return;
        reader.CountUnreadable(_held.Length);
        await inner.WriteAsync(_held.Memory, cancel).ConfigureAwait(false);
        _held.Clear();
        _kind = Kind.Opaque;
    }

    private async ValueTask CutAsync(CancellationToken cancel)
    {
        WasCut = true;
        var output = new ArrayBufferWriter<byte>(256);
        exchange.Dialect.WriteStreamError(output, enforcer.Cut(exchange));
        await inner.WriteAsync(output.WrittenMemory, cancel).ConfigureAwait(false);
        await inner.FlushAsync(cancel).ConfigureAwait(false);
        await Task.Delay(CutDelay, cancel).ConfigureAwait(false);
        throw new StreamCutException();
    }
}
