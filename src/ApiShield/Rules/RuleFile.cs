using System.Security.Cryptography;
using System.Text;
using ApiShield.Rules.Compiling;
using ApiShield.Rules.Parsing;

namespace ApiShield.Rules;

/// <summary>Turns a rule file into a <see cref="RuleSet"/>, or into everything that is wrong with it.</summary>
/// <remarks>
/// Read (bounded), parse (YAML to nodes with positions), compile (nodes to rules, all errors and not the first), look over (warnings, once there are
/// no errors). Nothing here throws for what a file holds, and nothing takes longer than a bounded number of nodes allows.
/// </remarks>
public static class RuleFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Reads and compiles a file.</summary>
    /// <param name="path">The file; diagnostics name it as it is given here.</param>
    public static RuleCompilation Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] content;
        try
        {
            content = Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            var diagnostics = new DiagnosticSink();
            diagnostics.Report(RuleCodes.Unreadable, new(path, 1, 1), $"the file cannot be read: {Wording.OneLine(e.Message)}");
            return new(null, diagnostics.All);
        }
        return Parse(path, content);
    }

    /// <summary>Compiles the content of a file.</summary>
    /// <param name="fileName">The name that diagnostics carry.</param>
    /// <param name="content">The text.</param>
    public static RuleCompilation Parse(string fileName, string content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return Parse(fileName, Encoding.UTF8.GetBytes(content));
    }

    /// <summary>Compiles the content of a file.</summary>
    /// <param name="fileName">The name that diagnostics carry.</param>
    /// <param name="content">The file's bytes, UTF-8 with or without a byte order mark.</param>
    public static RuleCompilation Parse(string fileName, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        var diagnostics = new DiagnosticSink();
        var root = FileText.Decode(fileName, content, diagnostics) is { } text ? new NodeParser(fileName, diagnostics).Parse(text) : null;
        var rules = root is null ? null : new FileCompiler(diagnostics).Compile(root, Revision(content));
        return new(diagnostics.HasErrors ? null : rules, diagnostics.All);
    }

    /// <summary>The first 12 hexadecimal digits of the content's SHA-256: enough to tell revisions apart, short enough to read out.</summary>
    private static string Revision(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content))[..12];

    /// <summary>Reads one byte more than is allowed at most, so that devices and growing files are bounded too.</summary>
    private static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        var buffer = new byte[MaxBytes + 1];
        return buffer[..file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
    }
}
