using System.Globalization;
using ApiShield.Rules;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>What comes of each rule file of the corpus.</summary>
public sealed class RuleFileCorpusTests
{
    /// <summary>Codes of what is wrong with a file as such; <see cref="RuleFileTests"/> makes those files.</summary>
    private static readonly string[] NotInCorpus = ["AS1001", "AS1002"];

    public static TheoryData<string> Valid => [.. RuleCorpus.Names("valid")];

    public static TheoryData<string> Invalid => [.. RuleCorpus.Names("invalid")];

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Parse_InvalidFile_GivesExactlyTheExpectedDiagnostics(string name)
    {
        var content = RuleCorpus.Read("invalid", name);
        var expected = RuleCorpus.Expected(content);
        Assert.NotEmpty(expected);

        var compilation = RuleFile.Parse(name, content);

        Assert.Equal(expected, Said(name, compilation));
        Assert.Null(compilation.Rules);
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void Parse_ValidFile_GivesTheExpectedRulesAndWarnings(string name)
    {
        var content = RuleCorpus.Read("valid", name);

        var compilation = RuleFile.Parse(name, content);

        Assert.Equal(RuleCorpus.Expected(content), Said(name, compilation));
        Assert.NotNull(compilation.Rules);
        Assert.Equal(RuleCorpus.Compiles(content), compilation.Rules.Quotas.Select(Summary));
    }

    [Fact]
    public void Corpus_AsItStands_CoversEveryCode()
    {
        var covered = new[] { "valid", "invalid" }
            .SelectMany(kind => RuleCorpus.Names(kind).SelectMany(name => RuleCorpus.Expected(RuleCorpus.Read(kind, name))))
            .Select(line => line.Split(' ')[2].TrimEnd(':'))
            .Concat(NotInCorpus)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

        Assert.Equal(RuleCodes.All.Select(code => code.Id), covered);
        Assert.True(RuleCorpus.Names("invalid").Count() >= 25);
        Assert.True(RuleCorpus.Names("valid").Count() >= 12);
    }

    private static IEnumerable<string> Said(string name, RuleCompilation compilation) =>
        compilation.Diagnostics.Select(diagnostic => diagnostic.ToString()[name.Length..]);

    private static string Summary(QuotaRule rule) => string.Create(
        CultureInfo.InvariantCulture,
        $"{rule.Name} {rule.Mode} per {rule.Per} {rule.Limit.Unit} {rule.Limit.Limit} in {rule.Limit.WindowMs}ms");
}
