namespace ApiShield.Proxy.Simulation;

/// <summary>The words of one field of talk, from which the simulator's sentences about it are made.</summary>
internal sealed class Topic
{
    /// <param name="nouns">Singular and plural as <c>one/many</c>, separated by blanks; <c>_</c> stands for a blank inside a word.</param>
    /// <param name="verbs">Transitive, as <c>base/third person/-ing form</c>.</param>
    /// <param name="adjectives">Plain.</param>
    public Topic(string nouns, string verbs, string adjectives)
    {
        var noun = Split(nouns);
        Nouns = Column(noun, 0);
        Plurals = Column(noun, 1);
        var verb = Split(verbs);
        Verbs = Column(verb, 0);
        ThirdPersons = Column(verb, 1);
        Gerunds = Column(verb, 2);
        Adjectives = Column(Split(adjectives), 0);
    }

    public byte[][] Nouns { get; }

    public byte[][] Plurals { get; }

    public byte[][] Verbs { get; }

    public byte[][] ThirdPersons { get; }

    public byte[][] Gerunds { get; }

    public byte[][] Adjectives { get; }

    /// <summary>Whether a word of a question belongs to this field.</summary>
    public bool Knows(ReadOnlySpan<byte> word) => Has(Nouns, word) || Has(Plurals, word) || Has(Verbs, word) || Has(Gerunds, word);

    private static bool Has(byte[][] words, ReadOnlySpan<byte> word)
    {
        foreach (var known in words)
            if (word.SequenceEqual(known)) return true;
        return false;
    }

    private static string[][] Split(string words) =>
        [.. words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => word.Replace('_', ' ').Split('/'))];

    private static byte[][] Column(string[][] words, int index) => [.. words.Select(forms => System.Text.Encoding.UTF8.GetBytes(forms[index]))];
}
