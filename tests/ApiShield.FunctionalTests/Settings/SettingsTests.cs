using System.Diagnostics;
using System.Globalization;
using ApiShield.FunctionalTests.Hosting;
using ApiShield.Proxy.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Settings;

/// <summary>A program that cannot start as it is configured says what to change.</summary>
public sealed class SettingsTests
{
    private const string Rules = "version: 1\nquotas: [{ name: r, unit: requests, limit: 1, window: 1h }]";

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "ApiShield:Listne", "http://127.0.0.1:0", "Listne" },
        { "ApiShield:Simulator:Delay", "1", "Delay" },
        { "ApiShield:Listen", "", "Listen" },
        { "ApiShield:Listen", "nonsense", "nonsense" },
        { "ApiShield:HoldSeconds", "0", "HoldSeconds" },
        { "ApiShield:HoldSeconds", "many", "HoldSeconds" },
        { "ApiShield:Replicas", "-1", "Replicas" },
        { "ApiShield:MaxRequestBodyBytes", "9999999999", "MaxRequestBodyBytes" },
        { "ApiShield:TrustedProxies:0", "10.0.0.0/99", "10.0.0.0/99" },
        { "ApiShield:TrustedProxies:0", "everybody", "everybody" },
        { "ApiShield:Rules", "/nowhere/rules.yaml", "/nowhere/rules.yaml" },
        { "ApiShield:IdentityKeyFile", "/nowhere/identity.key", "/nowhere/identity.key" },
        { "ReverseProxy:Routes:openai:Metadata:apishield.dialect", "openai-chats", "openai-chat" },
        { "ReverseProxy:Routes:openai:Metadata:apishield.unknownPaths", "ignore", "unknownPaths" },
        { "ReverseProxy:Routes:openai:ClusterId", "", "openai" },
        { "ReverseProxy:Routes:openai:Match:Path", "/v1/{**", "openai" },
        { "ReverseProxy:Clusters:models:Destinations:other:Address", "nonsense", "nonsense" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Setting_Wrong_StopsTheStartAndIsNamed(string key, string value, string named)
    {
        var error = await Assert.ThrowsAsync<SettingsException>(async () => await (await TestProxy.StartAsync(Rules, null, (key, value))).DisposeAsync());
        Assert.Contains(named, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_Wrong_StopTheStartWithEveryErrorAndItsPlace()
    {
        var error = await Assert.ThrowsAsync<SettingsException>(async () =>
            await (await TestProxy.StartAsync("version: 1\nquotas:\n  - { name: r, unit: request, limit: 1, window: 1h }\n  - { name: s, unit: requests, limit: -1, window: 1h }\n")).DisposeAsync());
        Assert.Contains("rules.yaml(3,", error.Message, StringComparison.Ordinal);
        Assert.Contains("rules.yaml(4,", error.Message, StringComparison.Ordinal);
        Assert.Contains("requests", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_Taken_StopsTheStartAndEverythingThatHadStarted()
    {
        await using var first = await TestProxy.StartAsync(Rules);
        var port = first.Host.AdminAddress.Port;
        var error = await Assert.ThrowsAsync<SettingsException>(async () =>
            await (await TestProxy.StartAsync(Rules, null, ("ApiShield:AdminListen", $"http://127.0.0.1:{port}"))).DisposeAsync());
        Assert.Contains(port.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        Assert.Equal(200, (await first.ChatAsync(ChatRequests.Body())).Status);
    }

    [Fact]
    public void ConfigurationFile_Missing_IsNamed()
    {
        var error = Assert.Throws<SettingsException>(() => LoadedSettings.Load("/nowhere/proxy.json", new Dictionary<string, string?>()));
        Assert.Contains("/nowhere/proxy.json", error.Message, StringComparison.Ordinal);
        Assert.Contains("--config", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConfigurationFile_NotJson_IsNamedWithItsLine()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("proxy.json", "{\n  \"ApiShield\": {\n    \"Listen\" \"http://127.0.0.1:0\"\n  }\n}\n");
        var error = Assert.Throws<SettingsException>(() => LoadedSettings.Load(file, new Dictionary<string, string?>()));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains("LineNumber: 2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ApiShield:Redis", "127.0.0.1:1", Rules, "--identity-key-file")]
    [InlineData("ApiShield:Listen", "http://127.0.0.1:0",
        "version: 1\ncallers: { accounts: [{ account: a, keyHashes: [0000000000000000000000000000000000000000000000000000000000000000] }] }\nquotas: []", "--identity-key-file")]
    public void IdentityKey_NeededAndNotGiven_IsAskedFor(string key, string value, string rules, string named)
    {
        using var folder = new TemporaryFolder();
        folder.Write("apishield.yaml", rules);
        var file = folder.Write("proxy.json", "{}");
        var error = Assert.Throws<SettingsException>(() => LoadedSettings.Load(file, new Dictionary<string, string?> { [key] = value }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IdentityKey_TooShort_IsRefused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("apishield.yaml", Rules);
        var file = folder.Write("proxy.json", "{}");
        var key = folder.Write("identity.key", "short");
        var error = Assert.Throws<SettingsException>(() => LoadedSettings.Load(file, new Dictionary<string, string?> { ["ApiShield:IdentityKeyFile"] = key }));
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true")]
    [InlineData("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "TRUE")]
    [InlineData("DOTNET_FORWARDEDHEADERS_ENABLED", "true")]
    [InlineData("ApiShield__Lisen", "http://127.0.0.1:0")]
    public async Task Environment_Wrong_StopsTheProgramWithStatus2(string name, string value)
    {
        using var folder = new TemporaryFolder();
        folder.Write("apishield.yaml", Rules);
        var start = new ProcessStartInfo("dotnet", [
            Path.Combine(AppContext.BaseDirectory, "apishield.dll"), "--config", folder.Write("proxy.json", "{}"), "--listen", "http://127.0.0.1:0", "--admin-listen", "http://127.0.0.1:0"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment[name] = value;
        using var program = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(15));
        try
        {
            await program.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!program.HasExited) program.Kill();
        }
        var message = await program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, program.ExitCode);
        Assert.StartsWith("apishield: ", message, StringComparison.Ordinal);
        Assert.Contains(name.Split("__")[^1], message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
    }
}
