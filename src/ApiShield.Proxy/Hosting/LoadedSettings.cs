using System.Net;
using System.Text;
using ApiShield.Enforcement;
using ApiShield.Rules;

namespace ApiShield.Proxy.Hosting;

/// <summary>Everything the program starts from, read and checked: settings, rules, identity key, routes.</summary>
/// <param name="Settings">The settings.</param>
/// <param name="Configuration">All configuration, the proxy's routes and clusters in it.</param>
/// <param name="RulesPath">The rule file.</param>
/// <param name="Rules">The compiled rules.</param>
/// <param name="Warnings">What is legal in the rules and surely a mistake.</param>
/// <param name="Identity">The key under which identities are hashed.</param>
/// <param name="IdentityIsForThisRun">No key was given and one was made.</param>
/// <param name="TrustedProxies">Networks whose X-Forwarded-For is believed.</param>
internal sealed record LoadedSettings(
    ShieldSettings Settings,
    IConfiguration Configuration,
    string RulesPath,
    RuleSet Rules,
    IReadOnlyList<string> Warnings,
    IdentityKey Identity,
    bool IdentityIsForThisRun,
    IReadOnlyList<IPNetwork> TrustedProxies)
{
    private const string ShippedConfiguration = "config/proxy.json";

    /// <summary>Reads configuration file, environment (<c>ApiShield__Redis</c> and the like) and command line, the later over the earlier.</summary>
    /// <param name="configFile">The configuration file; null for <c>config/proxy.json</c> here or beside the program.</param>
    /// <param name="overrides">Settings of the command line, by configuration key.</param>
    /// <exception cref="SettingsException">Something is wrong; the message says what and where.</exception>
    public static LoadedSettings Load(string? configFile, IReadOnlyDictionary<string, string?> overrides)
    {
        var file = Path.GetFullPath(configFile ?? FindShipped());
        if (!File.Exists(file)) throw new SettingsException($"The configuration file {file} does not exist. Name one with --config.");

        IConfigurationRoot configuration;
        try
        {
            configuration = new ConfigurationBuilder().AddJsonFile(file).AddEnvironmentVariables().AddInMemoryCollection(overrides).Build();
        }
        catch (InvalidDataException error)
        {
            // The innermost error is the parser's, which alone knows the line.
            throw new SettingsException($"{file}: {error.GetBaseException().Message}", error);
        }

        var settings = Bind(configuration, file);
        foreach (var name in (IEnumerable<string>)["ASPNETCORE_FORWARDEDHEADERS_ENABLED", "DOTNET_FORWARDEDHEADERS_ENABLED"])
        {
            if (!string.Equals(Environment.GetEnvironmentVariable(name), "true", StringComparison.OrdinalIgnoreCase)) continue;
            throw new SettingsException($"{name} believes X-Forwarded-For from anybody, so that callers could choose their address. "
                + $"Unset it and list the proxies that may speak for others in {ShieldSettings.Section}:TrustedProxies.");
        }

        var rulesPath = Path.IsPathRooted(settings.Rules) || overrides.ContainsKey($"{ShieldSettings.Section}:Rules")
            ? Path.GetFullPath(settings.Rules)
            : Path.Combine(Path.GetDirectoryName(file)!, settings.Rules);
        var compilation = RuleFile.Load(rulesPath);
        if (compilation.Rules is null) throw new SettingsException(string.Join(Environment.NewLine, compilation.Diagnostics));

        var identity = ReadIdentityKey(settings, compilation.Rules);
        return new LoadedSettings(settings, configuration, rulesPath, compilation.Rules, [.. compilation.Diagnostics.Select(warning => warning.ToString())],
            identity ?? IdentityKey.Random(), identity is null, ParseNetworks(settings.TrustedProxies));
    }

    private static string FindShipped() =>
        File.Exists(ShippedConfiguration) ? ShippedConfiguration : Path.Combine(AppContext.BaseDirectory, ShippedConfiguration);

    private static ShieldSettings Bind(IConfiguration configuration, string file)
    {
        var settings = new ShieldSettings();
        try
        {
            configuration.GetSection(ShieldSettings.Section).Bind(settings, options => options.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException error)
        {
            throw new SettingsException($"{file}, section {ShieldSettings.Section}: {error.Message} {error.InnerException?.Message}", error);
        }
        var check = new ShieldSettingsValidator().Validate(ShieldSettings.Section, settings);
        return check.Failed ? throw new SettingsException($"{file}: {string.Join(Environment.NewLine, check.Failures)}") : settings;
    }

    private static IdentityKey? ReadIdentityKey(ShieldSettings settings, RuleSet rules)
    {
        const string make = "Make one with: head -c 32 /dev/urandom | base64 > identity.key, and name it with --identity-key-file identity.key.";
        if (settings.IdentityKeyFile.Length == 0)
        {
            if (settings.Redis.Length > 0)
                throw new SettingsException($"With Redis every replica must hash identities under the same key, and none is given. {make}");
            if (rules.Accounts.Count > 0)
                throw new SettingsException($"The rules know accounts by hashes of their keys, which mean nothing without the identity key under which they were made. {make}");
            return null;
        }

        try
        {
            return new IdentityKey(Encoding.UTF8.GetBytes(File.ReadAllText(settings.IdentityKeyFile).Trim()));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SettingsException($"The identity key file {settings.IdentityKeyFile} cannot be used: {error.Message} {make}", error);
        }
    }

    private static List<IPNetwork> ParseNetworks(List<string> texts)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in texts)
        {
            if (!IPNetwork.TryParse(text, out var network))
                throw new SettingsException($"{ShieldSettings.Section}:TrustedProxies: '{text}' is no network in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32.");
            networks.Add(network);
        }
        return networks;
    }
}
