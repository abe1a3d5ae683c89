using ApiShield.TestKit.Redis;
using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>One redis-server for all tests of a class.</summary>
public sealed class SingleRedis : IAsyncLifetime
{
    public RedisServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
