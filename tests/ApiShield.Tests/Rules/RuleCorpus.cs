using System.Text;

namespace ApiShield.Tests.Rules;

/// <summary>Reads the rule files of tests/corpus/rules, which say themselves, in comments at their head, what has to come of them.</summary>
internal static class RuleCorpus
{
    private const string ExpectPrefix = "# expect: ";
    private const string CompilesPrefix = "# compiles: ";

    public static string Config { get; } = Path.Combine(AppContext.BaseDirectory, "config");

    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "corpus", "rules");

    /// <summary>Names of the files of one kind, <c>valid</c> or <c>invalid</c>.</summary>
    public static IEnumerable<string> Names(string kind) =>
        Directory.EnumerateFiles(Path.Combine(Folder, kind), "*.yaml").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    public static byte[] Read(string kind, string name) => File.ReadAllBytes(Path.Combine(Folder, kind, name));

    /// <summary>All files of both kinds.</summary>
    public static IReadOnlyList<byte[]> All() => [.. new[] { "valid", "invalid" }.SelectMany(kind => Names(kind).Select(name => Read(kind, name)))];

    /// <summary>The diagnostics that the file has to give, in order, as they are printed after the file's name.</summary>
    public static string[] Expected(byte[] content) => Head(content, ExpectPrefix);

    /// <summary>The rules that the file has to give, in order, one line each.</summary>
    public static string[] Compiles(byte[] content) => Head(content, CompilesPrefix);

    private static string[] Head(byte[] content, string prefix) =>
    [
        .. Encoding.UTF8.GetString(content).Split('\n')
            .TakeWhile(line => line.StartsWith(ExpectPrefix, StringComparison.Ordinal) || line.StartsWith(CompilesPrefix, StringComparison.Ordinal))
            .Where(line => line.StartsWith(prefix, StringComparison.Ordinal))
            .Select(line => line[prefix.Length..].TrimEnd('\r')),
    ];
}
