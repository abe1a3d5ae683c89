using System.Collections.Concurrent;

namespace ApiShield.Enforcement;

/// <summary>The exchanges that hold something in a store, so that the holds of long answers are renewed before they expire.</summary>
internal sealed class LiveExchanges : IDisposable
{
    private readonly ConcurrentDictionary<Exchange, byte> _exchanges = new();
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly Action<Exchange> _renew;
    private readonly ITimer _timer;

    /// <param name="clock">The clock.</param>
    /// <param name="holdLength">A hold is renewed when a third of this has passed.</param>
    /// <param name="renew">Renews the holds of one exchange.</param>
    public LiveExchanges(TimeProvider clock, TimeSpan holdLength, Action<Exchange> renew)
    {
        _clock = clock;
        _interval = holdLength / 3;
        _renew = renew;
        _timer = clock.CreateTimer(static state => ((LiveExchanges)state!).RenewAll(), this, _interval / 2, _interval / 2);
    }

    public int Count => _exchanges.Count;

    public void Add(Exchange exchange)
    {
        exchange.RenewedAt = _clock.GetTimestamp();
        exchange.Live = true;
        _exchanges.TryAdd(exchange, 0);
    }

    public void Remove(Exchange exchange)
    {
        if (!exchange.Live) return;
        exchange.Live = false;
        _exchanges.TryRemove(exchange, out _);
    }

    public void Dispose() => _timer.Dispose();

    private void RenewAll()
    {
        foreach (var (exchange, _) in _exchanges)
        {
            if (_clock.GetElapsedTime(exchange.RenewedAt) < _interval) continue;
            exchange.RenewedAt = _clock.GetTimestamp();
            _renew(exchange);
        }
    }
}
