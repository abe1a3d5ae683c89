using System.Collections.Frozen;
using System.Globalization;
using ApiShield.Quotas;
using ApiShield.Rules;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>The frozen look-up of rules by route and plan.</summary>
public sealed class RuleSetTests
{
    private static readonly string[] Plans = ["free", "scale", "default", "Free"];
    private static readonly string[] Routes = ["chat", "embeddings", "images"];

    [Fact]
    public void QuotasFor_RandomRuleSets_EqualsLookingAtEveryRule()
    {
        var found = 0;
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var rules = Enumerable.Range(0, random.Next(12)).Select(i => Rule(i, random)).ToArray();
            var set = new RuleSet("r", rules);

            foreach (var route in Routes.Append("unnamed").Append(""))
            {
                foreach (var plan in Plans.Append("unnamed").Append(""))
                {
                    var expected = rules.Where(rule => rule.Mode != EnforcementMode.Off && rule.Match.Covers(route, plan, organization: null));
                    var answer = set.QuotasFor(route, plan);
                    found += answer.Count;
                    Assert.Equal(expected, answer);
                }
            }
            Assert.Equal(rules, set.Quotas);
        }
        Assert.True(found > 10_000);
    }

    [Fact]
    public void QuotasFor_Nothing_AllocatesNothing()
    {
        var set = new RuleSet("r", [Rule(0, new Random(1)), Rule(1, new Random(2))]);
        set.QuotasFor("chat", "free");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) set.QuotasFor("chat", "free");

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Covers_CallerWithoutOrganization_MatchesNoListOfOrganizations()
    {
        var match = new RuleMatch { Organizations = FrozenSet.Create("acme") };

        Assert.False(match.Covers("chat", "free", null));
        Assert.True(match.Covers("chat", "free", "acme"));
        Assert.False(match.Covers("chat", "free", "Acme"));
    }

    [Fact]
    public void CoversModel_RequestWithoutModel_MatchesOnlyARuleWithoutModels()
    {
        Assert.True(RuleMatch.Everything.CoversModel(null));
        Assert.False(new RuleMatch { Models = [new("*")] }.CoversModel(null));
    }

    private static QuotaRule Rule(int index, Random random) => new()
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"rule-{index}"),
        Mode = (EnforcementMode)random.Next(3),
        Match = new() { Plans = Some(Plans, random), Routes = Some(Routes, random) },
        Limit = new(QuotaUnit.Requests, 5, TimeSpan.FromMinutes(1)),
    };

    private static FrozenSet<string>? Some(string[] names, Random random) =>
        random.Next(2) == 0 ? null : names.Where(_ => random.Next(3) == 0).ToFrozenSet(StringComparer.Ordinal);
}
