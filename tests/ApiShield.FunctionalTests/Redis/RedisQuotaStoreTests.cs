using ApiShield.Quotas;
using ApiShield.Redis;
using ApiShield.TestKit.Quotas;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>The contract of quota stores on a single Redis.</summary>
public sealed class RedisQuotaStoreTests(SingleRedis redis) : QuotaStoreContract, IClassFixture<SingleRedis>
{
    private RedisQuotaStore? _store;

    protected override async ValueTask<IQuotaStore> OpenAsync()
    {
        _store = await RedisStores.ConnectAsync(redis.Server.Configuration, holdLength: HoldLength);
        _store.Clock = () => Clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.False(_store.IsCluster);
        return _store;
    }

    protected override Task DeliveredAsync() => _store!.SettledAsync();
}
