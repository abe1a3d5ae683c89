using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>The real program as a process of its own, to be killed.</summary>
internal sealed partial class ShieldProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TestFolder _folder;

    private ShieldProcess(Process process, TestFolder folder, Uri address, Uri admin)
    {
        _process = process;
        _folder = folder;
        Address = address;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        Admin = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = admin };
    }

    /// <summary>Where it serves.</summary>
    public Uri Address { get; }

    /// <summary>A client whose base address is the proxy.</summary>
    public HttpClient Client { get; }

    /// <summary>A client whose base address is the admin port.</summary>
    public HttpClient Admin { get; }

    /// <summary>Starts it and waits until it says that it serves.</summary>
    /// <param name="rules">The rule file's text.</param>
    /// <param name="upstream">The upstream's address.</param>
    /// <param name="redis">The Redis it shares; null for its own store.</param>
    /// <param name="settings">Further settings by name, such as HoldSeconds.</param>
    public static async Task<ShieldProcess> StartAsync(string rules, Uri upstream, string? redis = null, params (string Name, string Value)[] settings)
    {
        var folder = new TestFolder(rules, upstream);
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])
            [Path.Combine(AppContext.BaseDirectory, "apishield.dll"), "--quiet", "--config", folder.Configuration, "--identity-key-file", folder.IdentityKey])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in settings) start.Environment[$"ApiShield__{name}"] = value;
        if (redis is not null) start.Environment["ApiShield__Redis"] = redis;
        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();

        Uri? address = null, admin = null;
        while (admin is null)
        {
            var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"apishield ended: {await errors}");
            if (Listening().Match(line) is not { Success: true } match) continue;
            if (match.Groups[1].Value == "traffic") address = new Uri(match.Groups[2].Value);
            else admin = new Uri(match.Groups[2].Value);
        }
        _ = process.StandardOutput.ReadToEndAsync(); // Keeps the pipe from filling.
        return new ShieldProcess(process, folder, address!, admin);
    }

    /// <summary>Ends it at once, as by kill -9.</summary>
    public Task KillAsync()
    {
        _process.Kill();
        return _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Admin.Dispose();
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex(@"^\s+(traffic|admin)\s+(http://\S+)")]
    private static partial Regex Listening();
}
