using System.Text;
using System.Text.RegularExpressions;
using ApiShield.Quotas;
using ApiShield.Rules;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>Rule files beyond the corpus: loading, the shipped files, members that the corpus does not look into.</summary>
public sealed partial class RuleFileTests
{
    private const string Hash = "5b4d0a7c9f2e6183a4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b";

    public static TheoryData<string> Shipped =>
    [
        .. Directory.EnumerateFiles(RuleCorpus.Config, "*.yaml", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(RuleCorpus.Config, file))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Load_ShippedFile_GivesRulesWithoutWarnings(string name)
    {
        var compilation = RuleFile.Load(Path.Combine(RuleCorpus.Config, name));

        Assert.Empty(compilation.Diagnostics);
        Assert.NotNull(compilation.Rules);
        Assert.NotEmpty(compilation.Rules.Quotas);
    }

    [Fact]
    public void DefaultFile_WithItsCommentedMembersTakenIn_IsStillRight()
    {
        var text = File.ReadAllText(Path.Combine(RuleCorpus.Config, "apishield.yaml"));
        var whole = CommentedMember().Replace(text, "${indent}${member}");
        Assert.True(CommentedMember().Count(text) > 8);

        var compilation = RuleFile.Parse("whole.yaml", whole);

        Assert.Empty(compilation.Diagnostics);
        Assert.Equal("acme", Assert.Single(compilation.Rules!.Accounts).Organization);
        Assert.True(compilation.Rules.Quotas[0].Match.CoversModel("GPT-4o"));
    }

    [Fact]
    public void DefaultFile_WhatItNames_IsEveryMember()
    {
        var text = File.ReadAllText(Path.Combine(RuleCorpus.Config, "apishield.yaml"));
        string[] members =
        [
            "version", "mode", "callers", "defaultPlan", "accounts", "account", "organization", "plan", "keyHashes", "quotas", "name", "description", "match",
            "plans", "models", "routes", "organizations", "per", "unit", "limit", "window", "onStoreFailure", "onExhausted", "defaultOutput", "maxHold",
        ];

        Assert.All(members, member => Assert.Matches($@"(?m)^[ #-]*{member}:", text));
    }

    [Fact]
    public void Readme_TableOfCodes_EqualsTheCodes()
    {
        var rows = File.ReadLines(Path.Combine(RuleCorpus.Config, "README.md"))
            .Select(line => CodeRow().Match(line))
            .Where(match => match.Success)
            .Select(match => new RuleCode(
                match.Groups["id"].Value,
                Enum.Parse<RuleSeverity>(match.Groups["severity"].Value, ignoreCase: true),
                match.Groups["meaning"].Value));

        Assert.Equal(RuleCodes.All, rows);
        Assert.Equal(RuleCodes.All.Select(code => code.Id).Order(StringComparer.Ordinal).Distinct(StringComparer.Ordinal), RuleCodes.All.Select(code => code.Id));
    }

    [Fact]
    public void Parse_AllMembersOfARule_AreTakenOver()
    {
        var rules = Rules($$"""
            version: 1
            callers:
              defaultPlan: free
              accounts:
                - { account: acme-bot, organization: acme, plan: scale, keyHashes: [{{Hash}}] }
            quotas:
              - name: all
                description: why
                mode: shadow
                match: { plans: [free, scale], models: ["gpt-4*"], routes: [Chat], organizations: [acme] }
                per: [account, model]
                unit: totalTokens
                limit: 10k
                window: 90m
                onStoreFailure: deny
                onExhausted: cut
                defaultOutput: 100
                maxHold: 2k
            """);

        Assert.Equal("free", rules.DefaultPlan);
        var account = Assert.Single(rules.Accounts);
        Assert.Equal(("acme-bot", "acme", "scale", Hash), (account.Account, account.Organization, account.Plan, Assert.Single(account.KeyHashes)));

        var rule = Assert.Single(rules.Quotas);
        Assert.Equal(("all", "why", EnforcementMode.Shadow), (rule.Name, rule.Description, rule.Mode));
        Assert.Equal(QuotaScopeParts.Account | QuotaScopeParts.Model, rule.Per);
        Assert.Equal((QuotaUnit.TotalTokens, 10_000, 5_400_000), (rule.Limit.Unit, rule.Limit.Limit, rule.Limit.WindowMs));
        Assert.Equal((StoreFailureMode.Deny, ExhaustedMode.Cut, 100, 2_000), (rule.OnStoreFailure, rule.OnExhausted, rule.DefaultOutput, rule.MaxHold));
        Assert.True(rule.Match.Covers("chat", "scale", "acme"));
        Assert.False(rule.Match.Covers("chat", "scale", "other"));
        Assert.False(rule.Match.Covers("images", "scale", "acme"));
        Assert.False(rule.Match.Covers("chat", "gold", "acme"));
        Assert.True(rule.Match.CoversModel("GPT-4o"));
        Assert.False(rule.Match.CoversModel("o3"));
    }

    [Fact]
    public void Parse_OnlyWhatARuleNeeds_TakesTheDefaults()
    {
        var rules = Rules("version: 1\nquotas:\n  - { name: a, unit: outputTokens, limit: 5k, window: 1m }\n");

        var rule = Assert.Single(rules.Quotas);
        Assert.Equal("default", rules.DefaultPlan);
        Assert.Equal(
            (EnforcementMode.Enforce, QuotaScopeParts.Account, StoreFailureMode.Local, ExhaustedMode.Finish),
            (rule.Mode, rule.Per, rule.OnStoreFailure, rule.OnExhausted));
        Assert.Equal(QuotaRule.DefaultOutputTokens, rule.DefaultOutput);
        Assert.Null(rule.MaxHold);
        Assert.Null(rule.Description);
        Assert.Same(RuleMatch.Everything, rule.Match);
    }

    [Fact]
    public void Revision_OfContent_IsTheBeginningOfItsHash()
    {
        // printf 'version: 1\n' | sha256sum
        Assert.Equal("09bfcc6a14b8", Rules("version: 1\n").Revision);
        Assert.NotEqual(Rules("version: 1\n").Revision, Rules("version: 1\n\n").Revision);
    }

    [Fact]
    public void Parse_ByteOrderMark_IsPassedOver()
    {
        var compilation = RuleFile.Parse("bom.yaml", [.. Encoding.UTF8.Preamble, .. "mode: of\n"u8]);

        Assert.Equal((1, 7), (compilation.Diagnostics[1].Line, compilation.Diagnostics[1].Column));
    }

    [Fact]
    public void Parse_Utf16_IsRefusedAsSuch()
    {
        var compilation = RuleFile.Parse("wide.yaml", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("version: 1\n")]);

        Assert.Equal("wide.yaml(1,1): error AS1003: the byte 0xff is not UTF-8, the only encoding of rule files", Assert.Single(compilation.Diagnostics).ToString());
    }

    [Fact]
    public void Parse_ApiKeyWhereAHashBelongs_IsNotRepeatedInMessages()
    {
        const string Key = "sk-live-0123456789abcdef";
        string[] forms =
        [
            $"keyHashes: {Key}", $"keyHashes: [{Key}]", $"keyHashes: [{Key}, {Key}]", $"keyHashes: [\"{Key}\"]", $"keyHash: {Key}",
            $"keyHashes: {{ key: {Key} }}",
        ];

        foreach (var form in forms)
        {
            var compilation = RuleFile.Parse("keys.yaml", $"version: 1\ncallers:\n  accounts:\n    - account: a\n      {form}\n");
            Assert.Null(compilation.Rules);
            Assert.All(compilation.Diagnostics, diagnostic => Assert.DoesNotContain("sk-live", diagnostic.Message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Load_MissingFileOrFolder_IsAnError()
    {
        var missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "rules.yaml");
        foreach (var path in new[] { missing, Path.GetTempPath() })
        {
            var compilation = RuleFile.Load(path);
            Assert.Null(compilation.Rules);
            Assert.StartsWith($"{path}(1,1): error AS1001: the file cannot be read: ", Assert.Single(compilation.Diagnostics).ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_FileOf10MB_IsRefusedWithoutBeingRead()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Enumerable.Repeat((byte)'#', 10_000_000).ToArray());
            var before = GC.GetAllocatedBytesForCurrentThread();

            var compilation = RuleFile.Load(path);

            Assert.Equal(
                $"{path}(1,1): error AS1002: the file is larger than 1 MB (1048576 bytes), the most that is read",
                Assert.Single(compilation.Diagnostics).ToString());
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 3 * RuleFile.MaxBytes);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Load_DeviceWithoutEnd_IsRefused()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "there is no /dev/zero here");

        Assert.Equal("AS1002", Assert.Single(RuleFile.Load("/dev/zero").Diagnostics).Code);
    }

    private static RuleSet Rules(string content)
    {
        var compilation = RuleFile.Parse("test.yaml", content);
        Assert.Empty(compilation.Diagnostics);
        return compilation.Rules!;
    }

    [GeneratedRegex(@"^(?<indent> +)# (?<member> *(- )?([a-zA-Z]+:( .*)?|[0-9a-f]{64}))$", RegexOptions.Multiline)]
    private static partial Regex CommentedMember();

    [GeneratedRegex(@"^\| (?<id>AS\d{4}) \| (?<severity>error|warning) \| (?<meaning>.+?) \|$")]
    private static partial Regex CodeRow();
}
