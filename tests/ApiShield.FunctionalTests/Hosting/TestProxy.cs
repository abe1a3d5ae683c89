using System.Globalization;
using System.Text;
using ApiShield.Enforcement;
using ApiShield.Proxy.Hosting;
using ApiShield.Proxy.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>The real program on free ports, in this process, before its simulator or another upstream, with the rules of one test.</summary>
internal sealed class TestProxy : IAsyncDisposable
{
    private static readonly IdentityKey Identity = new(Encoding.UTF8.GetBytes(TestFolder.IdentityKeyText));
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestFolder _folder;

    private TestProxy(ShieldHost host, TestFolder folder, CapturedLog log)
    {
        Host = host;
        _folder = folder;
        LogOutput = log;
        Client = NewClient();
    }

    /// <summary>The program.</summary>
    public ShieldHost Host { get; }

    /// <summary>Everything that the program logged.</summary>
    public CapturedLog LogOutput { get; }

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
        var log = new CapturedLog();
        var host = await ShieldHost.StartAsync(LoadedSettings.Load(folder.Configuration, overrides), log.Attach, CancellationToken.None);
        return new TestProxy(host, folder, log);
    }

    /// <summary>The hash under which a rule file lists an API key.</summary>
    public static string HashKey(string key) => Identity.HashApiKey(key);

    /// <summary>The account of a key that no rule file lists.</summary>
    public static string AccountOf(string key) => $"key-{HashKey(key)[..16]}";

    /// <summary>Sends a chat request and reads the whole answer.</summary>
    public async Task<ChatAnswer> ChatAsync(string body, string? key = "test-key", Action<HttpRequestMessage>? more = null) =>
        await ChatAsync(Encoding.UTF8.GetBytes(body), key, more);

    /// <summary>Sends a chat request and reads the whole answer.</summary>
    public async Task<ChatAnswer> ChatAsync(byte[] body, string? key = "test-key", Action<HttpRequestMessage>? more = null)
    {
        using var request = ChatRequests.Post(body, key);
        more?.Invoke(request);
        return await SendAsync(request);
    }

    /// <summary>Sends any request and reads the whole answer.</summary>
    public async Task<ChatAnswer> SendAsync(HttpRequestMessage request)
    {
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await ChatAnswer.ReadAsync(response);
    }

    /// <summary>The state of one rule for the account of a key, as soon as nothing is in flight.</summary>
    public async Task<QuotaState> QuotaAsync(string rule, string key = "test-key", string? model = null, string? route = null)
    {
        await SettledAsync();
        var states = await Host.Enforcer.ReadQuotasAsync(AccountOf(key), route, model);
        return Assert.Single(states!, state => state.Rule.Name == rule);
    }

    /// <summary>Waits until every exchange is settled.</summary>
    public Task SettledAsync() => UntilAsync(async () => Host.Enforcer.LiveCount == 0 && await MetricAsync("apishield_exchanges_in_flight") == 0);

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan? most = null)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        while (!await holds())
        {
            Assert.True(clock.GetElapsedTime(start) < (most ?? Patience), "What was waited for did not come.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>One sample of the metrics page, such as <c>apishield_exchanges_total{outcome="admitted"}</c>; 0 if it is not there.</summary>
    public async Task<double> MetricAsync(string sample)
    {
        var page = await Client.GetStringAsync(new Uri(Host.AdminAddress, "/metrics"), TestContext.Current.CancellationToken);
        var line = page.Split('\n').FirstOrDefault(line => line.StartsWith(sample + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture);
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
