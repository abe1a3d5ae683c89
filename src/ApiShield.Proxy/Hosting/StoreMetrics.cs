using ApiShield.Redis;
using ApiShield.Telemetry;

namespace ApiShield.Proxy.Hosting;

/// <summary>Carries what the Redis store sees of itself to the engine's instruments.</summary>
internal sealed class StoreMetrics(ShieldMetrics metrics) : IStoreObserver
{
    public void Call(string operation, bool ok, TimeSpan took) => metrics.StoreCall(operation, ok, took);

    public void SettlementLost(int count) => metrics.SettlementsLost.Inc(count);
}
