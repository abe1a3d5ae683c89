using System.Text;

namespace ApiShield.Proxy.Simulation;

/// <summary>A sentence with places for words, cut once so that filling it in only copies bytes.</summary>
/// <remarks>
/// Places: <c>{n}</c> noun, <c>{N}</c> noun with "a" or "an", <c>{p}</c> plural, <c>{v}</c> verb, <c>{s}</c> third person, <c>{g}</c> -ing form,
/// <c>{a}</c> adjective, <c>{A}</c> adjective with "a" or "an", <c>{q}</c> a word of the question (or a noun), <c>{k}</c> a number from 2 to 60.
/// </remarks>
internal sealed class SentencePattern
{
    private readonly byte[][] _literals;
    private readonly char[] _places;

    public SentencePattern(string pattern)
    {
        var parts = pattern.Split('{');
        _literals = new byte[parts.Length][];
        _places = new char[parts.Length - 1];
        _literals[0] = Encoding.UTF8.GetBytes(parts[0]);
        for (var i = 1; i < parts.Length; i++)
        {
            _places[i - 1] = parts[i][0];
            _literals[i] = Encoding.UTF8.GetBytes(parts[i][2..]);
        }
    }

    /// <summary>Appends the sentence, its first letter in upper case.</summary>
    public void Write(TokenText into, Topic topic, QuestionWords question, ref SimulatorRandom random)
    {
        var start = into.Bytes.Length;
        into.Append(_literals[0]);
        for (var i = 0; i < _places.Length; i++)
        {
            Fill(_places[i], into, topic, question, ref random);
            into.Append(_literals[i + 1]);
        }

        into.Capitalize(start);
    }

    private static void Fill(char place, TokenText into, Topic topic, QuestionWords question, ref SimulatorRandom random)
    {
        switch (place)
        {
            case 'n': into.Append(random.Pick(topic.Nouns)); break;
            case 'N': WithArticle(into, random.Pick(topic.Nouns)); break;
            case 'A': WithArticle(into, random.Pick(topic.Adjectives)); break;
            case 'p': into.Append(random.Pick(topic.Plurals)); break;
            case 'v': into.Append(random.Pick(topic.Verbs)); break;
            case 's': into.Append(random.Pick(topic.ThirdPersons)); break;
            case 'g': into.Append(random.Pick(topic.Gerunds)); break;
            case 'a': into.Append(random.Pick(topic.Adjectives)); break;
            case 'q': into.Append(question.Count > 0 ? question[random.Below(question.Count)] : random.Pick(topic.Nouns)); break;
            case 'k':
                var span = into.GetSpan(4);
                _ = System.Buffers.Text.Utf8Formatter.TryFormat(2 + random.Below(59), span, out var written);
                into.Advance(written);
                break;
            default: throw new InvalidOperationException($"A sentence pattern names the unknown place '{place}'.");
        }
    }

    private static void WithArticle(TokenText into, byte[] word)
    {
        into.Append(word[0] is (byte)'a' or (byte)'e' or (byte)'i' or (byte)'o' or (byte)'u' ? "an "u8 : "a "u8);
        into.Append(word);
    }
}
