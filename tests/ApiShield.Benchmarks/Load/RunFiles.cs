using System.Globalization;
using System.Text;
using ApiShield.Enforcement;

namespace ApiShield.Benchmarks.Load;

/// <summary>The configuration of a load run in a folder of its own: routes for both proxies, and the rules that ApiShield holds them to.</summary>
internal sealed class RunFiles : IDisposable
{
    private const string Identity = "an identity key for benchmarks and nothing else";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("apishield-load-");

    /// <param name="upstream">The upstream's port.</param>
    public RunFiles(int upstream)
    {
        Configuration = Path.Combine(_folder.FullName, "proxy.json");
        var identity = Path.Combine(_folder.FullName, "identity.key");
        File.WriteAllText(identity, Identity);
        File.WriteAllText(Path.Combine(_folder.FullName, "rules.yaml"), Rules());
        File.WriteAllText(Configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "ApiShield": {
                "Listen": "http://127.0.0.1:0", "AdminListen": "http://127.0.0.1:0", "Rules": "rules.yaml",
                "IdentityKeyFile": "{{identity}}", "Simulator": { "Listen": "" }
              },
              "ReverseProxy": {
                "Routes": { "chat": {
                  "ClusterId": "models", "Match": { "Path": "/v1/{**rest}" }, "Metadata": { "apishield.dialect": "openai-chat" } } },
                "Clusters": { "models": { "Destinations": { "upstream": { "Address": "http://127.0.0.1:{{upstream}}" } } } }
              }
            }
            """));
    }

    /// <summary>The configuration file.</summary>
    public string Configuration { get; }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Three rules over five parts of a scope, none of which ever refuses here.</summary>
    private static string Rules()
    {
        var identity = new IdentityKey(Encoding.UTF8.GetBytes(Identity));
        var rules = new StringBuilder("version: 1\ncallers:\n  accounts:\n");
        for (var i = 0; i < ChatTraffic.Accounts; i++)
            rules.Append(CultureInfo.InvariantCulture, $"    - {{ account: account-{i}, organization: organization-{i / 8}, keyHashes: [{identity.HashApiKey(ChatTraffic.Key(i))}] }}\n");
        rules.Append("""
            quotas:
              - { name: account-requests, per: account, unit: requests, limit: 100000M, window: 1m }
              - { name: organization-model-tokens, match: { models: ["gpt-4*"] }, per: [organization, model], unit: totalTokens, limit: 100000M, window: 1h }
              - { name: address-route-concurrency, per: [address, route], unit: concurrentRequests, limit: 100k }
            """);
        return rules.ToString();
    }
}
