using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>The root of a rule file to a <see cref="RuleSet"/>: version, mode, and each section by its own compiler.</summary>
internal sealed class FileCompiler(DiagnosticSink diagnostics)
{
    private const string Version = "1";

    /// <summary>What anchors may be kept under: members of the root that begin like this mean nothing.</summary>
    private const string ExtensionPrefix = "x-";

    private static readonly string[] Sections = ["version", "mode", "callers", "quotas"];
    private static readonly string[] Reserved = ["geofence", "entropy", "links", "harvest", "exposure"];

    /// <summary>The rules; null or of no use if an error was reported.</summary>
    public RuleSet? Compile(Node root, string revision)
    {
        if (root is not MappingNode mapping)
        {
            if (root is not BrokenNode)
                diagnostics.Report(RuleCodes.WrongKind, root.Position, $"a rule file must be a mapping that begins with 'version: 1', found {root.Description}");
            return null;
        }
        if (!IsKnownVersion(mapping)) return null;

        var own = mapping.Members.Where(member => !Reserved.Contains(member.Name) && !member.Name.StartsWith(ExtensionPrefix, StringComparison.Ordinal));
        var binder = new MappingBinder(new(mapping.Position, [.. own]), "", Sections, diagnostics);
        foreach (var member in mapping.Members)
            if (Reserved.Contains(member.Name))
                diagnostics.Report(RuleCodes.ReservedSection, member.Position, $"section '{member.Name}' is not supported by this version; remove it");
        binder.Require("version");
        binder.Value("version"); // Reports an empty one; what else it may be wrong in has been looked at.

        var mode = binder.Word<EnforcementMode>("mode") ?? EnforcementMode.Enforce;
        var callers = new CallersCompiler(diagnostics).Compile(binder.Mapping("callers"));
        var quotas = new QuotasCompiler(diagnostics).Compile(binder, mode);
        if (diagnostics.HasErrors) return null;

        QuotaReview.Run(quotas, callers, diagnostics);
        return new(revision, [.. quotas.Select(quota => quota.Rule)]) { DefaultPlan = callers.DefaultPlan, Accounts = callers.Accounts };
    }

    /// <summary>False for a file of another version: nothing else in it can be judged.</summary>
    private bool IsKnownVersion(MappingNode root)
    {
        switch (root.Find("version")?.Value)
        {
            case null or BrokenNode or ScalarNode { Kind: ScalarKind.Null } or ScalarNode { Kind: ScalarKind.Number, Text: Version }:
                return true; // Absent and empty ones are reported like any other member.
            case ScalarNode { Kind: ScalarKind.Text, Text: Version } text:
                diagnostics.Report(RuleCodes.UnknownVersion, text.Position, "version must be the number 1, without quotes");
                return true;
            case var other:
                diagnostics.Report(RuleCodes.UnknownVersion, other.Position, $"version must be 1, found {other.Description}; no other member was looked at");
                return false;
        }
    }
}
