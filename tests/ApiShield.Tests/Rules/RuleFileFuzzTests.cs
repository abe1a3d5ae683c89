using System.Globalization;
using System.Text;
using Xunit;

namespace ApiShield.Tests.Rules;

/// <summary>Mutates the corpus, by bytes and by lines. The variable <c>APISHIELD_FUZZ_RULES</c> sets the number of mutants for a longer run.</summary>
public sealed class RuleFileFuzzTests
{
    private const int Mutants = 6_000;

    private static readonly string[] Fragments =
    [
        "[", "]", "{", "}", ": ", "- ", "? ", "& ", "*a", "&a ", "<<: ", "!t ", "|", ">", "\"", "'", "#", "%", "@", "`", "---\n", "...\n", "\n", "\r", "\t", "  ", ",",
        "null", "~", "true", "-1", "0", "99999999999999999999", "1e308", "0s", "32d", "10k", "\\u0000", "\u2028", "\u0085", "\ufeff", "é", "🛡", "\0", "\u001b",
    ];

    [Fact]
    public void Parse_MutatedCorpus_GivesRulesOrLocatedErrorsInTime()
    {
        // Files at the bounds cost a hundred times the others; the bounds have tests of their own.
        var corpus = RuleCorpus.All().Where(file => file.Length < 4_000).ToArray();
        var mutants = Environment.GetEnvironmentVariable("APISHIELD_FUZZ_RULES") is { } set ? int.Parse(set, CultureInfo.InvariantCulture) : Mutants;
        var accepted = 0;
        for (var seed = 0; seed < mutants; seed++)
        {
            var random = new Random(seed);
            var content = corpus[random.Next(corpus.Length)];
            for (var steps = random.Next(1, 5); steps > 0; steps--)
                content = random.Next(2) == 0 ? MutateBytes(content, random) : MutateLines(content, corpus[random.Next(corpus.Length)], random);
            try
            {
                if (RuleFileFuzzTarget.Run(content)) accepted++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"mutant of seed {seed}: {Convert.ToBase64String(content)}", e);
            }
        }

        // Neither all broken nor all harmless, or the mutations were to no purpose.
        Assert.InRange(accepted, mutants / 20, mutants * 19 / 20);
    }

    private static byte[] MutateBytes(byte[] content, Random random)
    {
        var bytes = content.ToList();
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(5))
        {
            case 0 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                break;
            case 3:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)]));
                break;
            default:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 33), bytes.Count - at)));
                break;
        }
        return [.. bytes];
    }

    private static byte[] MutateLines(byte[] content, byte[] other, Random random)
    {
        // Latin-1 keeps every byte as it is.
        var lines = Encoding.Latin1.GetString(content).Split('\n').ToList();
        var at = random.Next(lines.Count);
        switch (random.Next(6))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(random.Next(lines.Count + 1), lines[at]);
                break;
            case 2:
                var from = random.Next(lines.Count);
                (lines[at], lines[from]) = (lines[from], lines[at]);
                break;
            case 3:
                lines[at] = new string(' ', random.Next(1, 4)) + lines[at];
                break;
            case 4:
                lines[at] = lines[at].Length > 0 ? lines[at][random.Next(Math.Min(3, lines[at].Length))..] : "-";
                break;
            default:
                var donor = Encoding.Latin1.GetString(other).Split('\n');
                lines.Insert(at, donor[random.Next(donor.Length)]);
                break;
        }
        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }
}
