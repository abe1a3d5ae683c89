using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using ApiShield.Proxy.Simulation;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>The simulator's definition of a token.</summary>
public sealed partial class SimulatorTokenizerTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("hello", 1)]
    [InlineData("hello world", 2)]
    [InlineData("information", 2)]
    [InlineData("1234567", 3)]
    [InlineData("Stop!!!!", 2)]
    [InlineData("a,b", 3)]
    [InlineData("one\n\ntwo", 3)]
    [InlineData("  two", 2)]
    [InlineData("täglich", 3)]
    public void Count_KnownText_IsAsDefined(string text, int expected) => Assert.Equal(expected, SimulatorTokenizer.Count(Encoding.UTF8.GetBytes(text)));

    /// <summary>The definition as a pattern over ASCII: slow, but plain to read.</summary>
    [GeneratedRegex("""\G(?:[\r\n]{1,4}| ?[A-Za-z]{1,6}| ?[0-9]{1,3}| ?([^A-Za-z0-9 \t\r\n])\1{0,3}|[ \t]{1,8}(?= [^ \t\r\n])|[ \t]{1,8})""")]
    private static partial Regex Definition();

    [Fact]
    public void Count_RandomText_EqualsTheDefinitionAndPiecesStayWhole()
    {
        const string Alphabet = "aaabcdefgZ 019 ,.!!  \n\t-";
        var random = new Random(4711);
        for (var round = 0; round < 20_000; round++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            var bytes = Encoding.ASCII.GetBytes(text);
            var expected = Definition().Matches(text).Select(match => match.Value).ToList();
            Assert.Equal(text, string.Concat(expected));

            var pieces = new List<string>();
            for (int start = 0, end; start < bytes.Length; start = end)
            {
                end = SimulatorTokenizer.End(bytes, start);
                pieces.Add(text[start..end]);
                Assert.Equal(1, SimulatorTokenizer.Count(bytes.AsSpan(start, end - start)));
            }

            Assert.Equal(expected, pieces);
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("!")]
    [InlineData("7")]
    [InlineData("é")]
    public void Count_OneCharacterManyTimes_IsLinear(string unit)
    {
        // 16 MB at a generous 100 ns a byte; anything quadratic would take hours.
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, 16_000_000 / Encoding.UTF8.GetByteCount(unit))));
        var watch = Stopwatch.StartNew();
        var count = SimulatorTokenizer.Count(text);
        Assert.InRange(count, text.Length / 8, text.Length);
        Assert.True(watch.Elapsed < TimeSpan.FromMilliseconds(1600), $"took {watch.Elapsed}");
    }
}
