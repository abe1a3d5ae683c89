using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ApiShield.TestKit.Redis;

/// <summary>A real redis-server of a test's own: on a free loopback port, in a folder of its own, without persistence.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Missing = "redis-server is needed by these tests and is not installed; on Debian or Ubuntu: apt-get install redis-server";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly ConcurrentDictionary<RedisServer, bool> Running = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("apishield-redis-").FullName;
    private readonly bool _cluster;
    private readonly string[] _settings;
    private Process? _process;

    static RedisServer() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        foreach (var (server, _) in Running) server.End();
    };

    private RedisServer(bool cluster, string[] settings)
    {
        _cluster = cluster;
        _settings = settings;
    }

    /// <summary>The port; the same after a restart.</summary>
    public int Port { get; private set; }

    /// <summary>How StackExchange.Redis is told where it is.</summary>
    public string Configuration => "127.0.0.1:" + Port.ToString(CultureInfo.InvariantCulture);

    /// <summary>The server's process id.</summary>
    public int ProcessId => _process!.Id;

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="settings">Further settings in command-line form, as <c>--maxmemory-policy</c>, <c>allkeys-lru</c>.</param>
    public static Task<RedisServer> StartAsync(params string[] settings) => StartAsync(false, settings);

    /// <summary>Ends the server at once, as a crash does (SIGKILL).</summary>
    public void Kill() => End();

    /// <summary>Stops the process without closing anything (SIGSTOP): connections stay open and nothing answers.</summary>
    public Task PauseAsync() => SignalAsync("-STOP");

    /// <summary>Lets a paused process go on (SIGCONT).</summary>
    public Task ResumeAsync() => SignalAsync("-CONT");

    /// <summary>Starts again on the same port, empty.</summary>
    public async Task RestartAsync()
    {
        End();
        for (var attempt = 0; ; attempt++)
        {
            if (await TryStartAsync()) return;
            if (attempt == 5) throw new InvalidOperationException("redis-server does not start again: " + await LogAsync());
            await Task.Delay(100);
        }
    }

    /// <summary>Runs redis-cli against this server and returns what it prints.</summary>
    public Task<string> CliAsync(params string[] arguments) =>
        RunAsync("redis-cli", ["-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), .. arguments]);

    public ValueTask DisposeAsync()
    {
        End();
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A file more in the folder for temporary files harms nobody.
        }
        return ValueTask.CompletedTask;
    }

    internal static async Task<RedisServer> StartAsync(bool cluster, string[] settings)
    {
        for (var attempt = 0; ; attempt++)
        {
            var server = new RedisServer(cluster, settings) { Port = FreePort() };
            if (await server.TryStartAsync()) return server;
            var log = await server.LogAsync();
            await server.DisposeAsync();
            if (attempt == 5) throw new InvalidOperationException("redis-server does not start: " + log);
        }
    }

    internal static async Task<string> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Launch(start);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} failed: {output}{await error}");
    }

    private static Process Launch(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error) when (start.FileName.StartsWith("redis-", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(Missing, error);
        }
    }

    /// <summary>A port whose bus port, 10000 above, is free too.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 31_000);
            if (IsFree(port) && IsFree(port + 10_000)) return port;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<bool> TryStartAsync()
    {
        string[] cluster = _cluster ? ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"] : [];
        var start = new ProcessStartInfo("redis-server",
        [
            "--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--dir", _folder, "--logfile", Path.Combine(_folder, "log"),
            "--save", "", "--appendonly", "no", "--daemonize", "no", .. cluster, .. _settings,
        ]);
        _process = Launch(start);
        Running[this] = true;

        using var limit = new CancellationTokenSource(StartLimit);
        while (!limit.IsCancellationRequested && !_process.HasExited)
        {
            if (await AnswersAsync(limit.Token)) return true;
            await Task.Delay(10);
        }
        End();
        return false;
    }

    private async Task<bool> AnswersAsync(CancellationToken limit)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, limit);
            var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), limit);
            var answer = new byte[7];
            await stream.ReadExactlyAsync(answer, limit);

            // Another server may have taken the port first; this one's process is then about to end.
            return Encoding.ASCII.GetString(answer) == "+PONG\r\n" && !_process!.WaitForExit(5);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<string> LogAsync()
    {
        var path = Path.Combine(_folder, "log");
        return File.Exists(path) ? await File.ReadAllTextAsync(path) : "it left no log";
    }

    private Task<string> SignalAsync(string signal) => RunAsync("kill", [signal, ProcessId.ToString(CultureInfo.InvariantCulture)]);

    private void End()
    {
        Running.TryRemove(this, out _);
        if (_process is not { } process) return;
        _process = null;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
