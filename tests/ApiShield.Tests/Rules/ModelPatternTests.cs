using ApiShield.Rules;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>Model names against patterns with stars.</summary>
public sealed class ModelPatternTests
{
    [Theory]
    [InlineData("gpt-4o", "gpt-4o", true)]
    [InlineData("gpt-4o", "GPT-4O", true)]
    [InlineData("gpt-4o", "gpt-4o-mini", false)]
    [InlineData("gpt-4*", "gpt-4", true)]
    [InlineData("gpt-4*", "gpt-4o-mini", true)]
    [InlineData("gpt-4*", "xgpt-4", false)]
    [InlineData("*-mini", "gpt-4o-mini", true)]
    [InlineData("*-mini", "gpt-4o-minis", false)]
    [InlineData("a*a", "a", false)]
    [InlineData("a*a", "aa", true)]
    [InlineData("a*b*c", "axxbxxc", true)]
    [InlineData("a*b*c", "axxcxxb", false)]
    [InlineData("*", "", true)]
    [InlineData("**", "anything", true)]
    [InlineData("a.b", "axb", false)]
    public void Matches_Name_FollowsThePattern(string pattern, string model, bool expected) => Assert.Equal(expected, new ModelPattern(pattern).Matches(model));

    [Fact]
    public void Matches_RandomNamesAndPatterns_EqualsTryingEveryWayToFit()
    {
        var matched = 0;
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var pattern = Text(random, "abAB*", 1, 8);
            var model = Text(random, "abAB", 0, 10);
            var expected = Fits(pattern, model);
            if (expected) matched++;

            Assert.True(expected == new ModelPattern(pattern).Matches(model), $"'{pattern}' and '{model}'");
        }
        Assert.InRange(matched, 1_000, 19_000);
    }

    [Fact]
    public void Matches_LongNameAgainstManyStars_DoesNotBacktrack()
    {
        var pattern = new ModelPattern(string.Concat(Enumerable.Repeat("*a", 60)) + "*b");
        var model = new string('a', 1_000_000);
        var start = TimeProvider.System.GetTimestamp();

        Assert.False(pattern.Matches(model));
        Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(1));
    }

    private static bool Fits(string pattern, string model) => pattern.Length == 0
        ? model.Length == 0
        : pattern[0] == '*'
            ? Fits(pattern[1..], model) || (model.Length > 0 && Fits(pattern, model[1..]))
            : model.Length > 0 && char.ToUpperInvariant(pattern[0]) == char.ToUpperInvariant(model[0]) && Fits(pattern[1..], model[1..]);

    private static string Text(Random random, string letters, int least, int most) =>
        string.Concat(Enumerable.Range(0, random.Next(least, most + 1)).Select(_ => letters[random.Next(letters.Length)]));
}
