using System.Globalization;
using System.Text;
using ApiShield.Rules;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>Files made to cost: whatever a file within the size limit holds, it is judged in bounded time and memory.</summary>
public sealed class RuleFileBoundsTests
{
    private const int Most = RuleFile.MaxBytes - 100;

    /// <summary>Shapes that grow to the size limit, by name: what comes before, what is repeated, what comes after.</summary>
    private static readonly Dictionary<string, (string Head, string Repeated, string Tail)> Shapes = new(StringComparer.Ordinal)
    {
        ["open brackets"] = ("", "[", ""),
        ["open braces"] = ("", "{", ""),
        ["dashes"] = ("", "- ", ""),
        ["question marks"] = ("", "? ", ""),
        ["colons"] = ("", ": ", ""),
        ["brackets on lines"] = ("", "[\n", ""),
        ["open quote"] = ("\"", "a", ""),
        ["quotes"] = ("", "'", ""),
        ["escapes"] = ("version: \"", "\\x41", "\""),
        ["anchors"] = ("", "&a ", ""),
        ["aliases"] = ("", "*a ", ""),
        ["many anchors"] = ("", "- &a b\n", ""),
        ["tags"] = ("", "- !a b\n", ""),
        ["directives"] = ("", "%a b\n", ""),
        ["documents"] = ("", "---\n", ""),
        ["comments"] = ("", "#\n", ""),
        ["spaces"] = ("", " ", ""),
        ["lines"] = ("", "\n", ""),
        ["block scalar"] = ("version: |\n", " \n", ""),
        ["plain scalar on lines"] = ("version: ", "a\n ", ""),
        ["one long key"] = ("", "a", ": 1\n"),
        ["list of everything wrong"] = ("version: 1\nquotas: [", "5,", "]"),
        ["rules without members"] = ("version: 1\nquotas: [", "{},", "]"),
        ["one member again and again"] = ("", "a: 1\n", ""),
        ["one rule again and again"] = ("version: 1\nquotas:\n", "  - { name: a, unit: requests, limit: 5, window: 1m }\n", ""),
        ["one plan again and again"] = ("version: 1\nquotas: [{ name: a, unit: concurrentRequests, limit: 5, match: { plans: [", "a,", "] } }]"),
        ["accounts without keys"] = ("version: 1\ncallers: { accounts: [", "{account: a},", "] }"),
        ["a number of many digits"] = ("version: 1\nquotas: [{ name: a, unit: requests, window: 1m, limit: ", "9", " }]"),
        ["a window of many digits"] = ("version: 1\nquotas: [{ name: a, unit: requests, limit: 1, window: ", "9", "d }]"),
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parse_ShapeGrownToTheSizeLimit_IsRefusedInBoundedTime(string shape)
    {
        var (head, repeated, tail) = Shapes[shape];
        var text = new StringBuilder(head).Insert(head.Length, repeated, (Most - head.Length - tail.Length) / repeated.Length).Append(tail).ToString();

        Assert.False(RuleFileFuzzTarget.Run(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData(31, null)] // The root counts as well.
    [InlineData(32, "AS1007")]
    [InlineData(100_000, "AS1007")]
    public void Parse_NestedLists_AreRefusedFromOneDeeperThanAllowed(int depth, string? code)
    {
        var text = $"version: 1\nx-deep: {new string('[', depth)}{new string(']', depth)}\n";

        Assert.Equal(code, RuleFile.Parse("deep.yaml", text).Diagnostics.SingleOrDefault()?.Code);
    }

    [Fact]
    public void Parse_MergesThatMultiply_AreRefusedAsTooManyNodes()
    {
        var text = new StringBuilder("version: 1\nx-big: &big {");
        for (var i = 0; i < 1_000; i++) text.Append(CultureInfo.InvariantCulture, $"m{i}: {i},");
        text.Append("}\nx-many: [");
        for (var i = 0; i < 1_000; i++) text.Append("{<<: *big},");
        text.Append("]\n");

        Assert.Equal("AS1008", Assert.Single(RuleFile.Parse("merges.yaml", text.ToString()).Diagnostics).Code);
        RuleFileFuzzTarget.Run(Encoding.UTF8.GetBytes(text.ToString()));
    }

    [Fact]
    public void Parse_AsManyRulesAsAllowedAllAlike_TakesBoundedTime()
    {
        var text = new StringBuilder("version: 1\nquotas:\n");
        for (var i = 0; i < 1_000; i++) text.Append(CultureInfo.InvariantCulture, $"  - {{ name: r{i}, unit: requests, limit: {2_000 - i}, window: 1h }}\n");

        var compilation = RuleFile.Parse("alike.yaml", text.ToString());

        Assert.Equal(1_000, compilation.Rules!.Quotas.Count);
        Assert.Equal(100, compilation.Diagnostics.Count); // As many warnings as are listed.
        Assert.All(compilation.Diagnostics, diagnostic => Assert.Equal("AS2055", diagnostic.Code));
        RuleFileFuzzTarget.Run(Encoding.UTF8.GetBytes(text.ToString()));
    }

    [Fact]
    public void Parse_AsManyAccountsAsFit_AreAllThere()
    {
        const int Accounts = 8_000;
        var text = new StringBuilder("version: 1\ncallers:\n  accounts:\n");
        for (var i = 0; i < Accounts; i++) text.Append(CultureInfo.InvariantCulture, $"    - {{ account: a{i}, keyHashes: [{i:x64}] }}\n");

        var compilation = RuleFile.Parse("accounts.yaml", text.ToString());

        Assert.Empty(compilation.Diagnostics);
        Assert.Equal(Accounts, compilation.Rules!.Accounts.Count);
    }
}
