using ApiShield.Quotas;
using ApiShield.Redis;
using ApiShield.TestKit.Quotas;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>The contract of quota stores on a Redis Cluster, where scopes are decided apart and refunded.</summary>
public sealed class RedisClusterQuotaStoreTests(ClusteredRedis redis) : QuotaStoreContract, IClassFixture<ClusteredRedis>
{
    private RedisQuotaStore? _store;

    protected override async ValueTask<IQuotaStore> OpenAsync()
    {
        _store = await RedisStores.ConnectAsync(redis.Cluster.Configuration, holdLength: HoldLength);
        _store.Clock = () => Clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.True(_store.IsCluster);
        return _store;
    }

    protected override Task DeliveredAsync() => _store!.SettledAsync();
}
