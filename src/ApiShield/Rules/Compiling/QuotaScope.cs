using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>The member <c>per</c>: one part, a list of parts, or <c>everyone</c> for none.</summary>
internal static class QuotaScope
{
    private const string Member = "per";
    private const string Everyone = "everyone";

    private static readonly Dictionary<string, QuotaScopeParts> Parts = Enum.GetValues<QuotaScopeParts>()
        .ToDictionary(part => part == QuotaScopeParts.None ? Everyone : Words<QuotaScopeParts>.Of(part), StringComparer.Ordinal);

    private static readonly string[] Known = [.. Parts.Keys];

    /// <summary>The parts that the rule names; each account if it names none.</summary>
    public static QuotaScopeParts Read(MappingBinder rule)
    {
        switch (rule.Value(Member))
        {
            case null:
                return QuotaScopeParts.Account;
            case ScalarNode word:
                return Part(rule, word) ?? QuotaScopeParts.Account;
            case ListNode { Items.Count: 0 } empty:
                rule.Report(RuleCodes.BadScope, empty.Position, $"'{Member}' is an empty list; for one counter that all share write {Everyone}");
                return QuotaScopeParts.Account;
            case ListNode list:
                return Combine(rule, list);
            case var other:
                rule.Expect<ListNode>(other, $"'{Member}'", $"a list or one of {string.Join(", ", Known)}");
                return QuotaScopeParts.Account;
        }
    }

    private static QuotaScopeParts Combine(MappingBinder rule, ListNode list)
    {
        var scope = QuotaScopeParts.None;
        foreach (var item in list.Items)
        {
            if (rule.Entry<ScalarNode>(item, Member, $"one of {string.Join(", ", Known)}") is not { } word || Part(rule, word) is not { } part) continue;
            if (part == QuotaScopeParts.None && list.Items.Count > 1)
                rule.Report(RuleCodes.BadScope, word.Position, $"'{Everyone}' stands alone: it is one counter that all share");
            else if ((scope & part) != 0)
                rule.Report(RuleCodes.EntryTwice, word.Position, $"'{Member}' names {Wording.Quote(word.Text)} twice");
            scope |= part;
        }
        return scope;
    }

    private static QuotaScopeParts? Part(MappingBinder rule, ScalarNode word)
    {
        if (Parts.TryGetValue(word.Text, out var part)) return part;
        rule.Report(RuleCodes.UnknownWord, word.Position,
            $"{Member} {Wording.Quote(word.Text)} is not one of {string.Join(", ", Known)}{Wording.DidYouMean(word.Text, Known)}");
        return null;
    }
}
