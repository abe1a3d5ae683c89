using ApiShield.Proxy.Hosting;
using ApiShield.Proxy.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>The real program on free ports, in this process, before its simulator or another upstream, with the rules of one test.</summary>
internal sealed class TestProxy : IAsyncDisposable
{
    private readonly TestFolder _folder;

    private TestProxy(ShieldHost host, TestFolder folder)
    {
        Host = host;
        _folder = folder;
        Client = NewClient();
    }

    /// <summary>The program.</summary>
    public ShieldHost Host { get; }

    /// <summary>What the simulator saw and made.</summary>
    public SimulatorStats Upstream => Host.Simulator!.GetRequiredService<SimulatorStats>();

    /// <summary>A client whose base address is the proxy.</summary>
    public HttpClient Client { get; }

    /// <summary>Starts it.</summary>
    /// <param name="rules">The rule file's text.</param>
    /// <param name="upstream">The upstream's address; null for a simulator of its own.</param>
    /// <param name="settings">Further settings by configuration key, such as <c>ApiShield:Redis</c>.</param>
    public static async Task<TestProxy> StartAsync(string rules, Uri? upstream = null, params (string Key, string Value)[] settings)
    {
        var folder = new TestFolder(rules, upstream);
        var overrides = settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value, StringComparer.OrdinalIgnoreCase);
        overrides.TryAdd("ApiShield:IdentityKeyFile", folder.IdentityKey);
        var host = await ShieldHost.StartAsync(LoadedSettings.Load(folder.Configuration, overrides), logging => logging.ClearProviders(), CancellationToken.None);
        return new TestProxy(host, folder);
    }

    /// <summary>Another client, with connections of its own.</summary>
    public HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Host.Address };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        _folder.Dispose();
    }
}
