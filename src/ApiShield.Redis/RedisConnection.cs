using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>The connection to Redis: made in the background for as long as it takes, and what is known of the server behind it.</summary>
internal sealed partial class RedisConnection : IAsyncDisposable
{
    private static readonly TimeSpan FirstAttempt = TimeSpan.FromSeconds(2);

    private readonly ConfigurationOptions _configuration;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly NodeMap _nodes = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _connecting = Task.CompletedTask;
    private volatile ConnectionMultiplexer? _multiplexer;
    private volatile IDatabase? _database;
    private volatile bool _isCluster;
    private int _policyChecked;

    /// <summary>
    /// The client library reads and writes on threads of its own. On those of the pool, which has one for each processor, a proxy under load on one
    /// processor stood still for a quarter of a second at a time: replies waited for a thread, and the pool adds one only twice a second.
    /// </summary>
    static RedisConnection() => ConnectionMultiplexer.SetFeatureFlag("DedicatedThreads", true);

    private RedisConnection(string configuration, TimeProvider clock, ILogger logger)
    {
        _configuration = ConfigurationOptions.Parse(configuration);
        _configuration.AbortOnConnectFail = false;
        _configuration.BacklogPolicy = BacklogPolicy.FailFast;
        _configuration.ReconnectRetryPolicy = new LinearRetry(500);
        _configuration.ConnectRetry = 1;
        _configuration.ConnectTimeout = Math.Min(_configuration.ConnectTimeout, 1000);
        _configuration.AsyncTimeout = Math.Min(_configuration.AsyncTimeout, 2000);
        _configuration.AllowAdmin = true; // The library takes INFO for an administrator's command.
        _configuration.ClientName ??= "apishield";
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Null until the first connection is made.</summary>
    public IDatabase? Database => _database;

    /// <summary>Whether keys of different scopes may be on different servers.</summary>
    public bool IsCluster => _isCluster;

    /// <summary>Whether a server answers.</summary>
    public bool IsConnected => _multiplexer?.IsConnected == true;

    /// <summary>The server's <c>maxmemory-policy</c>; null while it is not known.</summary>
    public string? EvictionPolicy { get; private set; }

    /// <summary>Starts to connect and waits for it a moment only: a proxy starts without Redis too.</summary>
    public static async Task<RedisConnection> OpenAsync(string configuration, TimeProvider clock, ILogger logger)
    {
        var connection = new RedisConnection(configuration, clock, logger);
        connection._connecting = connection.ConnectAsync();
        await Task.WhenAny(connection._connecting, Task.Delay(FirstAttempt, clock)).ConfigureAwait(false);
        if (!connection.IsConnected) Log.NotConnected(logger);
        return connection;
    }

    /// <summary>The number of the server that a key is on; 0 on a single Redis.</summary>
    public int NodeOf(RedisKey key) => _isCluster && _multiplexer is { } multiplexer ? _nodes.NodeOf(multiplexer.HashSlot(key)) : 0;

    /// <summary>A call has shown that the keys of one script have to be of one scope.</summary>
    public void FoundCluster() => _isCluster = true;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _ = _connecting.ContinueWith(
            static (_, state) => ((RedisConnection)state!)._multiplexer?.Dispose(), this, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task ConnectAsync()
    {
        var stopped = _stop.Token;
        while (!stopped.IsCancellationRequested)
        {
            try
            {
                var multiplexer = await ConnectionMultiplexer.ConnectAsync(_configuration).ConfigureAwait(false);
                multiplexer.ConnectionRestored += (_, e) => OnConnection(e, restored: true);
                multiplexer.ConnectionFailed += (_, e) => OnConnection(e, restored: false);
                multiplexer.ConfigurationChanged += (_, _) => Inspect();
                _multiplexer = multiplexer;
                Inspect();
                _database = multiplexer.GetDatabase();
                return;
            }
            catch (Exception error)
            {
                // A name that does not resolve yet, say: no reason to give up.
                Log.ConnectFailed(_logger, error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), _clock, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private void OnConnection(ConnectionFailedEventArgs e, bool restored)
    {
        if (e.ConnectionType != ConnectionType.Interactive) return;
        if (restored)
        {
            Log.Restored(_logger);
            Inspect();
        }
        else
        {
            Log.Lost(_logger, e.FailureType);
        }
    }

    private void Inspect()
    {
        if (_multiplexer is not { IsConnected: true } multiplexer) return;
        var servers = multiplexer.GetServers();
        foreach (var server in servers)
        {
            if (!server.IsConnected || server.ServerType != ServerType.Cluster) continue;
            _nodes.Update(server.ClusterConfiguration);
            _isCluster = true;
        }
        if (Interlocked.Exchange(ref _policyChecked, 1) == 0) _ = CheckEvictionAsync(servers);
    }

    /// <summary>A Redis that evicts forgets quotas silently, so say it. INFO is allowed where CONFIG is not.</summary>
    private async Task CheckEvictionAsync(IServer[] servers)
    {
        const string Field = "maxmemory_policy:";
        try
        {
            foreach (var server in servers)
            {
                if (!server.IsConnected) continue;
                var info = await server.InfoRawAsync("memory").ConfigureAwait(false) ?? "";
                var at = info.IndexOf(Field, StringComparison.Ordinal);
                if (at < 0) continue;
                EvictionPolicy = info.AsSpan(at + Field.Length).Trim().ToString().Split('\r', '\n')[0];
                if (EvictionPolicy == "noeviction") continue;
                Log.Evicts(_logger, EvictionPolicy);
                return;
            }
            if (EvictionPolicy is null) _policyChecked = 0;
        }
        catch (Exception error) when (error is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException)
        {
            _policyChecked = 0; // Again when the connection is next restored.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Warning, "Redis is not connected yet; quotas do what their onStoreFailure says until it is")]
        public static partial void NotConnected(ILogger logger);

        [LoggerMessage(3002, LogLevel.Warning, "Redis cannot be connected, trying again: {Reason}")]
        public static partial void ConnectFailed(ILogger logger, string reason);

        [LoggerMessage(3003, LogLevel.Information, "A connection to Redis is restored")]
        public static partial void Restored(ILogger logger);

        [LoggerMessage(3004, LogLevel.Warning, "A connection to Redis is lost: {Reason}")]
        public static partial void Lost(ILogger logger, ConnectionFailureType reason);

        [LoggerMessage(3005, LogLevel.Warning, "Redis evicts keys (maxmemory-policy {Policy}) and so forgets quotas; set it to noeviction")]
        public static partial void Evicts(ILogger logger, string policy);
    }
}
