using System.CommandLine;
using System.Globalization;
using ApiShield.Proxy.Hosting;

namespace ApiShield.Proxy.CommandLine;

/// <summary>The options that every command that runs the proxy shares, and the settings they make.</summary>
internal sealed class HostArguments
{
    private readonly Option<string?> _config = new("--config", "-c")
    {
        Description = "Configuration file: settings, routes and clusters. Default: config/proxy.json here, else the one shipped with the program.",
        HelpName = "FILE",
    };

    private readonly List<(Option Option, string Key)> _settings = [];

    public HostArguments()
    {
        Text("--rules", "FILE", "Rules", "Rule file. Default: apishield.yaml beside the configuration file.");
        Text("--listen", "URL", "Listen", "Where traffic is served. Default: http://127.0.0.1:8080.");
        Text("--admin-listen", "URL", "AdminListen", "Where health, metrics and quotas are served. Default: http://127.0.0.1:8081.");
        Text("--redis", "CONFIGURATION", "Redis", "Keep counters on Redis, shared by all replicas, such as localhost:6379 or host:6380,ssl=true,password=... "
            + "Default: in this process. Needs --identity-key-file.");
        Text("--identity-key-file", "FILE", "IdentityKeyFile", "File with the secret under which accounts, keys and addresses are hashed; the same for all replicas.");
        Text("--replicas", "N", "Replicas", "How many replicas share the traffic; a rule with onStoreFailure: local allows its share of the limit. Default: 1.");
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_config);
        foreach (var (option, _) in _settings) command.Options.Add(option);
    }

    /// <summary>The configuration file as given, or null.</summary>
    public string? ConfigFile(ParseResult parsed) => parsed.GetValue(_config);

    /// <summary>The options given, by configuration key.</summary>
    public Dictionary<string, string?> Overrides(ParseResult parsed)
    {
        var overrides = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (option, key) in _settings)
            if (parsed.GetResult(option) is { Implicit: false }) overrides[$"{ShieldSettings.Section}:{key}"] = Convert.ToString(parsed.GetValue((Option<string?>)option), CultureInfo.InvariantCulture);
        return overrides;
    }

    private void Text(string name, string help, string key, string description) =>
        _settings.Add((new Option<string?>(name) { Description = description, HelpName = help }, key));
}
