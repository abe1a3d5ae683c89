namespace ApiShield.FunctionalTests.Hosting;

/// <summary>A folder with all that the program starts from: rules, routes, identity key.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("apishield-test-");

    /// <param name="rules">The rule file's text.</param>
    /// <param name="upstream">The upstream's address; null for a simulator within the program.</param>
    public TestFolder(string rules, Uri? upstream)
    {
        File.WriteAllText(PathOf("rules.yaml"), rules);
        File.WriteAllText(IdentityKey, "a key for tests and nothing else");
        File.WriteAllText(Configuration, $$"""
            {
              "ApiShield": {
                "Listen": "http://127.0.0.1:0", "AdminListen": "http://127.0.0.1:0", "Rules": "rules.yaml",
                "Simulator": { "Listen": "{{(upstream is null ? "http://127.0.0.1:0" : "")}}" }
              },
              "ReverseProxy": {
                "Routes": {
                  "openai": { "ClusterId": "models", "Match": { "Path": "/v1/{**rest}" }, "Metadata": { "apishield.dialect": "openai-chat" } },
                  "other": { "ClusterId": "models", "Match": { "Path": "/other/{**rest}" } }
                },
                "Clusters": { "models": { "Destinations": {
                  "{{(upstream is null ? "simulator" : "upstream")}}": { "Address": "{{upstream?.ToString() ?? "http://127.0.0.1:0"}}" }
                } } }
              }
            }
            """);
    }

    /// <summary>The configuration file.</summary>
    public string Configuration => PathOf("proxy.json");

    /// <summary>The identity key file.</summary>
    public string IdentityKey => PathOf("identity.key");

    public void Dispose() => _folder.Delete(recursive: true);

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
