using ApiShield.Proxy.Hosting;
using ApiShield.Proxy.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>The real program on free ports, in this process, before its simulator or another upstream, with the rules of one test.</summary>
internal sealed class TestProxy : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private TestProxy(ShieldHost host, DirectoryInfo folder)
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
        var folder = Directory.CreateTempSubdirectory("apishield-test-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "rules.yaml"), rules);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "identity.key"), "a key for tests and nothing else");
        var configuration = Path.Combine(folder.FullName, "proxy.json");
        await File.WriteAllTextAsync(configuration, $$"""
            {
              "ApiShield": {
                "Listen": "http://127.0.0.1:0", "AdminListen": "http://127.0.0.1:0", "Rules": "rules.yaml",
                "Simulator": { "Listen": "{{(upstream is null ? "http://127.0.0.1:0" : "")}}" }
              },
              "ReverseProxy": {
                "Routes": { "openai": {
                  "ClusterId": "models", "Match": { "Path": "/v1/{**rest}" }, "Metadata": { "apishield.dialect": "openai-chat" } },
                  "other": { "ClusterId": "models", "Match": { "Path": "/other/{**rest}" } } },
                "Clusters": { "models": { "Destinations": { "{{(upstream is null ? "simulator" : "upstream")}}": { "Address": "{{upstream?.ToString() ?? "http://127.0.0.1:0"}}" } } }
              }
            }
            """);
        var overrides = settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value, StringComparer.OrdinalIgnoreCase);
        overrides.TryAdd("ApiShield:IdentityKeyFile", Path.Combine(folder.FullName, "identity.key"));
        var host = await ShieldHost.StartAsync(LoadedSettings.Load(configuration, overrides), logging => logging.ClearProviders(), CancellationToken.None);
        return new TestProxy(host, folder);
    }

    /// <summary>Another client, with connections of its own.</summary>
    public HttpClient NewClient() => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Host.Address };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
