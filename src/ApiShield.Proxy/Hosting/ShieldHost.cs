using ApiShield.Enforcement;
using ApiShield.Proxy.Admin;
using ApiShield.Proxy.Simulation;
using ApiShield.Quotas;
using ApiShield.Redis;
using ApiShield.Telemetry;
using ApiShield.Yarp;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.HttpOverrides;
using Prometheus;

namespace ApiShield.Proxy.Hosting;

/// <summary>The running program: the proxy, its admin port and, if configured, the model simulator, composed from settings.</summary>
internal sealed class ShieldHost : IAsyncDisposable
{
    private readonly WebApplication _proxy;
    private readonly WebApplication _admin;
    private readonly WebApplication? _simulator;
    private readonly IQuotaStore _store;

    private ShieldHost(WebApplication proxy, WebApplication admin, WebApplication? simulator, IQuotaStore store, LoadedSettings loaded)
    {
        _proxy = proxy;
        _admin = admin;
        _simulator = simulator;
        _store = store;
        Loaded = loaded;
        Enforcer = proxy.Services.GetRequiredService<Enforcer>();
    }

    /// <summary>What it was started with.</summary>
    public LoadedSettings Loaded { get; }

    /// <summary>The engine.</summary>
    public Enforcer Enforcer { get; }

    /// <summary>Where traffic is served, the port resolved.</summary>
    public Uri Address => AddressOf(_proxy);

    /// <summary>Where the admin endpoints are, the port resolved.</summary>
    public Uri AdminAddress => AddressOf(_admin);

    /// <summary>The simulator's services; null if it does not run.</summary>
    public IServiceProvider? Simulator => _simulator?.Services;

    /// <summary>Starts everything; on return it serves.</summary>
    /// <exception cref="SettingsException">A setting or a rule is wrong, or a port is taken.</exception>
    public static async Task<ShieldHost> StartAsync(LoadedSettings loaded, Action<ILoggingBuilder> logging, CancellationToken cancel)
    {
        var started = new Stack<IAsyncDisposable>();
        try
        {
            WebApplication? simulator = null;
            if (loaded.Settings.Simulator.Listen.Length > 0)
            {
                simulator = ModelSimulator.Create(new SimulatorOptions
                {
                    Url = loaded.Settings.Simulator.Listen,
                    DelayPerTokenMs = loaded.Settings.Simulator.DelayPerTokenMs,
                });
                started.Push(simulator);
                await simulator.StartAsync(cancel);
                loaded = loaded with { Configuration = PointToSimulator(loaded.Configuration, simulator) };
            }

            using var early = LoggerFactory.Create(logging);
            var metrics = new ShieldMetrics(Metrics.NewCustomRegistry());
            var store = await OpenStoreAsync(loaded, metrics, early.CreateLogger<RedisQuotaStore>());
            var proxy = BuildProxy(loaded, logging, store, metrics);
            started.Push(proxy);
            var admin = AdminApp.Create(loaded, logging, proxy.Services.GetRequiredService<Enforcer>());
            started.Push(admin);
            await proxy.StartAsync(cancel);
            await admin.StartAsync(cancel);
            return new ShieldHost(proxy, admin, simulator, store, loaded);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or AggregateException or FormatException or ArgumentException)
        {
            foreach (var part in started) await part.DisposeAsync();
            throw new SettingsException(string.Join(Environment.NewLine, Reasons(error).Distinct()), error);
        }
    }

    /// <summary>Returns when the program is asked to stop.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancel) => _proxy.WaitForShutdownAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await _proxy.StopAsync();
        await _admin.StopAsync();
        if (_simulator is not null) await _simulator.StopAsync();
        await _proxy.DisposeAsync();
        await _admin.DisposeAsync();
        if (_simulator is not null) await _simulator.DisposeAsync();
        Enforcer.Dispose();
        if (_store is IAsyncDisposable remote) await remote.DisposeAsync();
        else (_store as IDisposable)?.Dispose();
    }

    private static async Task<IQuotaStore> OpenStoreAsync(LoadedSettings loaded, ShieldMetrics metrics, ILogger log)
    {
        var settings = loaded.Settings;
        var hold = TimeSpan.FromSeconds(settings.HoldSeconds);
        if (settings.Redis.Length == 0) return new InProcessQuotaStore(TimeProvider.System, hold);
        var options = new RedisStoreOptions
        {
            Configuration = settings.Redis,
            Deadline = TimeSpan.FromMilliseconds(settings.RedisDeadlineMs),
            HoldLength = hold,
        };
        return await RedisQuotaStore.ConnectAsync(options, TimeProvider.System, log, new StoreMetrics(metrics));
    }

    private static WebApplication BuildProxy(LoadedSettings loaded, Action<ILoggingBuilder> logging, IQuotaStore store, ShieldMetrics metrics)
    {
        var settings = loaded.Settings;
        var builder = WebApplication.CreateSlimBuilder();
        logging(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls(settings.Listen.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.MaxRequestBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = 50_000;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        });

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new Enforcer(
            loaded.Rules, loaded.Identity, store, metrics,
            new EnforcerOptions { Replicas = settings.Replicas, HoldLength = TimeSpan.FromSeconds(settings.HoldSeconds) },
            TimeProvider.System, services.GetRequiredService<ILogger<Enforcer>>()));

        builder.Services.AddReverseProxy()
            .LoadFromConfig(loaded.Configuration.GetSection("ReverseProxy"))
            .AddApiShield(new ShieldOptions
            {
                MaxRequestBodyBytes = settings.MaxRequestBodyBytes,
                MaxBufferedBytes = settings.MaxBufferedBytes,
            });

        // YARP brings data protection for sticky sessions. Its keys need no home on disk here, so what would make one at the start goes.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.Remove(builder.Services.First(static service => service.ImplementationType?.Name == "DataProtectionHostedService"));

        var app = builder.Build();
        if (loaded.TrustedProxies.Count > 0)
        {
            var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in loaded.TrustedProxies) forwarded.KnownIPNetworks.Add(network);
            app.UseForwardedHeaders(forwarded);
        }
        app.MapApiShield();
        return app;
    }

    /// <summary>The messages of an error and of those within it: the outermost seldom says what is wrong.</summary>
    private static IEnumerable<string> Reasons(Exception error)
    {
        var inner = error is AggregateException many ? many.InnerExceptions : error.InnerException is { } one ? [one] : (IEnumerable<Exception>)[];
        return inner.SelectMany(Reasons).Prepend(error is AggregateException ? "" : error.Message).Where(message => message.Length > 0);
    }

    /// <summary>Destinations named <c>simulator</c> go where it listens, for its port may have been chosen by the system.</summary>
    private static IConfiguration PointToSimulator(IConfiguration configuration, WebApplication simulator)
    {
        var address = AddressOf(simulator).ToString();
        var destinations = configuration.GetSection("ReverseProxy:Clusters").GetChildren()
            .Select(cluster => cluster.GetSection("Destinations:simulator:Address"))
            .Where(destination => destination.Exists())
            .ToDictionary(destination => destination.Path, string? (_) => address, StringComparer.OrdinalIgnoreCase);
        return new ConfigurationBuilder().AddConfiguration(configuration).AddInMemoryCollection(destinations).Build();
    }

    private static Uri AddressOf(WebApplication app) => new(app.Urls.First());
}
