using ApiShield.Rules;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>What holds for every content of a rule file, in one method that any fuzzer can call.</summary>
internal static class RuleFileFuzzTarget
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);
    private static readonly Dictionary<string, RuleCode> Codes = RuleCodes.All.ToDictionary(code => code.Id, StringComparer.Ordinal);

    /// <summary>Compiles the content; it must give rules or located errors, in time, and must not throw.</summary>
    /// <returns>Whether it gave rules.</returns>
    public static bool Run(byte[] content)
    {
        var start = TimeProvider.System.GetTimestamp();
        var compilation = RuleFile.Parse("fuzz.yaml", content);
        Assert.True(TimeProvider.System.GetElapsedTime(start) < Longest, "took too long");

        Assert.Equal(compilation.Rules is null, compilation.Diagnostics.Any(diagnostic => diagnostic.Severity == RuleSeverity.Error));
        var lines = 1 + content.Count(b => b is (byte)'\n' or (byte)'\r' or 0x85 or 0xa8 or 0xa9); // 85, a8, a9: last bytes of the other line breaks
        foreach (var diagnostic in compilation.Diagnostics)
        {
            Assert.Equal(Codes[diagnostic.Code].Severity, diagnostic.Severity);
            Assert.InRange(diagnostic.Line, 1, lines);
            Assert.InRange(diagnostic.Column, 1, content.Length + 1);
            Assert.NotEmpty(diagnostic.Message);
            Assert.DoesNotContain(diagnostic.Message, char.IsControl);
            Assert.InRange(diagnostic.Message.Length, 1, 1_000);
        }
        if (compilation.Rules is { } rules) Assert.Equal(rules.Quotas.Count, rules.Quotas.Select(rule => rule.Name).Distinct(StringComparer.Ordinal).Count());
        return compilation.Rules is not null;
    }
}
