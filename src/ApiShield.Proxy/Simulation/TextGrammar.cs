namespace ApiShield.Proxy.Simulation;

/// <summary>Writes the simulator's prose: sentences of a topic in paragraphs, lists and now and then a piece of code.</summary>
internal static class TextGrammar
{
    private static readonly SentencePattern[] Openings = Patterns(
        "When people ask about {q}, the first thing to look at is the {n}.",
        "There are {k} common ways to think about {q}, and most of them begin with {N}.",
        "In short, {q} depends on how well you {v} the {n}.",
        "A good place to start with {q} is the {a} {n}.",
        "It helps to separate the {n} from the {n} before saying anything about {q}.",
        "The answer for {q} is simpler than it looks: {v} the {n} first, then the {p}.");

    private static readonly SentencePattern[] Statements = Patterns(
        "The {a} {n} {s} the {n}, and the {p} follow.",
        "{g} the {n} is rarely enough when the {p} are {a}.",
        "Most {p} become {a} once somebody {s} the {n}.",
        "If the {n} is {a}, {v} it before you touch the {p}.",
        "Because the {n} {s} {N}, the {a} {p} need more attention than usual.",
        "In practice, {k} out of 60 {p} turn out to be {a}.",
        "You can {v} {N} without {g} every one of the {p}.",
        "This is where {q} and the {a} {n} meet.",
        "{A} {n} usually costs less than {N} that nobody wants to {v}.",
        "The {p} around {q} tend to be {a}, so keep the {n} small.",
        "Note that {N} which {s} the {n} will also change the {p}.",
        "Some prefer {g} the {p} every {k} days; others wait until the {n} is {a}.",
        "Without {N}, even the most {a} {p} are hard to {v}.",
        "Compare the {n} with {N} of the same size, and the difference becomes {a}.",
        "The usual mistake is to {v} the {p} while the {n} is still {a}.",
        "That said, {g} {q} too early can make the {n} {a}.",
        "A second {n} {s} what the first one leaves behind.",
        "Keep {k} {p} at hand, since the {a} ones go first.",
        "Each of the {p} has its own {n}, which is what makes {q} {a}.",
        "Once the {n} is in place, the rest of the {p} can be left alone.");

    private static readonly SentencePattern[] Items = Patterns(
        "{v} the {a} {n}",
        "check the {p} for {q}",
        "{v} {N} before {g} the {p}",
        "write down which {p} are {a}",
        "leave the {a} {p} for later",
        "compare {k} {p} with the {n}");

    private static readonly SentencePattern[] Closings = Patterns(
        "Taken together, the {n} matters more than the {p}.",
        "If you tell me more about {q}, I can be more specific about the {n}.",
        "That is usually all that {q} needs.",
        "Start small, {v} one {n}, and see what happens to the {p}.");

    private static readonly SentencePattern[] Thoughts = Patterns(
        "The question is about {q}, so the {n} must come first.",
        "Let me check whether the {p} are {a} at all.",
        "If the {n} {s} the {p}, then {g} them again is not needed.",
        "But what about the {a} {n}?",
        "That leaves {k} {p}, and one of them is {a}.",
        "So I should mention the {n} and then {v} the {p}.",
        "Wait, {N} could also {v} the {n}.",
        "I will keep the part about {q} brief.");

    private static readonly SentencePattern[] Codes = Patterns(
        "\n\n```python\ndef {v}_{n}(items, limit={k}):\n    kept = [item for item in items if item.size < limit]\n    return sorted(kept)[:limit]\n```",
        "\n\n```sql\nselect count(*) from {q} where age > {k} group by owner;\n```",
        "\n\n```csharp\nvar found = items.Where(item => item.Size > {k}).ToList();\n```");

    /// <summary>Appends prose until it has at least so many tokens, ending with a whole sentence.</summary>
    /// <returns>The text is tokenized on return.</returns>
    public static void Prose(TokenText into, Topic topic, QuestionWords question, ref SimulatorRandom random, int tokens)
    {
        random.Pick(Openings).Write(into, topic, question, ref random);
        var inParagraph = 1;
        for (into.Tokenize(); into.Count < tokens; into.Tokenize())
        {
            if (inParagraph < 3 + random.Below(4))
            {
                into.Append(" "u8);
                random.Pick(Statements).Write(into, topic, question, ref random);
                inParagraph++;
                continue;
            }

            inParagraph = 0;
            switch (random.Below(8))
            {
                case 0 or 1: List(into, topic, question, ref random); break;
                case 2 when ReferenceEquals(topic, Topics.All[0]): random.Pick(Codes).Write(into, topic, question, ref random); break;
                default:
                    into.Append("\n\n"u8);
                    random.Pick(Statements).Write(into, topic, question, ref random);
                    inParagraph = 1;
                    break;
            }
        }

        if (into.Count < 40 || random.Below(2) == 0) return;
        into.Append("\n\n"u8);
        random.Pick(Closings).Write(into, topic, question, ref random);
        into.Tokenize();
    }

    /// <summary>Appends what a reasoning model says to itself, at least so many tokens.</summary>
    public static void Reasoning(TokenText into, Topic topic, QuestionWords question, ref SimulatorRandom random, int tokens)
    {
        for (into.Tokenize(); into.Count < tokens; into.Tokenize())
        {
            if (into.Count > 0) into.Append(random.Below(6) == 0 ? "\n\n"u8 : " "u8);
            random.Pick(Thoughts).Write(into, topic, question, ref random);
        }
    }

    /// <summary>Appends one sentence without its mark: a value for JSON members.</summary>
    public static void Phrase(TokenText into, Topic topic, QuestionWords question, ref SimulatorRandom random) =>
        random.Pick(Items).Write(into, topic, question, ref random);

    private static void List(TokenText into, Topic topic, QuestionWords question, ref SimulatorRandom random)
    {
        into.Append("\n"u8);
        var numbered = random.Below(2) == 0;
        var count = 3 + random.Below(3);
        for (var i = 0; i < count; i++)
        {
            into.Append("\n"u8);
            if (numbered)
            {
                into.Append([(byte)('1' + i)]);
                into.Append(". "u8);
            }
            else into.Append("- "u8);

            random.Pick(Items).Write(into, topic, question, ref random);
            into.Append(i == count - 1 ? "."u8 : ";"u8);
        }
    }

    private static SentencePattern[] Patterns(params string[] patterns) => [.. patterns.Select(pattern => new SentencePattern(pattern))];
}
