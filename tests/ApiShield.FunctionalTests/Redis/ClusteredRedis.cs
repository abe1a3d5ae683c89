using ApiShield.TestKit.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>One Redis Cluster of three processes for all tests of a class.</summary>
public sealed class ClusteredRedis : IAsyncLifetime
{
    public RedisCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await RedisCluster.StartAsync();

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
