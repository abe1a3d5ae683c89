namespace ApiShield.TestKit.Redis;

/// <summary>A Redis Cluster of several real processes on this machine, without replicas.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private RedisCluster(RedisServer[] nodes) => Nodes = nodes;

    /// <summary>The processes, each with its part of the slots.</summary>
    public IReadOnlyList<RedisServer> Nodes { get; }

    /// <summary>How StackExchange.Redis is told where it is.</summary>
    public string Configuration => string.Join(',', Nodes.Select(static node => node.Configuration));

    /// <summary>Starts the processes, joins them, and waits until every one of them says that all slots are served.</summary>
    public static async Task<RedisCluster> StartAsync(int nodes = 3)
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, nodes).Select(static _ => RedisServer.StartAsync(cluster: true, [])));
        await RedisServer.RunAsync("redis-cli",
            ["--cluster", "create", .. servers.Select(static server => server.Configuration), "--cluster-replicas", "0", "--cluster-yes"]);

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        foreach (var server in servers)
        {
            while (!(await server.CliAsync("CLUSTER", "INFO")).Contains("cluster_state:ok", StringComparison.Ordinal))
                await Task.Delay(50, limit.Token);
        }
        return new RedisCluster(servers);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
    }
}
