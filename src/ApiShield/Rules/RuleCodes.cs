namespace ApiShield.Rules;

/// <summary>All codes of rule diagnostics: AS10xx reading, AS11xx shape and values, AS12xx callers, AS20xx quotas; from xx50 on, warnings.</summary>
public static class RuleCodes
{
    private static readonly List<RuleCode> Codes = [];

    internal static readonly RuleCode Unreadable = Error("AS1001", "The file cannot be read.");
    internal static readonly RuleCode TooLarge = Error("AS1002", "The file is larger than 1 MB.");
    internal static readonly RuleCode NotText = Error("AS1003", "The file is not UTF-8, or holds a control character.");
    internal static readonly RuleCode NotYaml = Error("AS1004", "The file is not YAML.");
    internal static readonly RuleCode SecondDocument = Error("AS1005", "The file holds more than one YAML document.");
    internal static readonly RuleCode NoDocument = Error("AS1006", "The file holds no YAML document.");
    internal static readonly RuleCode TooDeep = Error("AS1007", "Lists and mappings are nested more than 32 deep.");
    internal static readonly RuleCode TooManyNodes = Error("AS1008", "The file has more than 200000 YAML nodes, an alias counting as all it stands for.");
    internal static readonly RuleCode BadAlias = Error("AS1009", "An alias names an anchor that does not precede it, or that contains it.");
    internal static readonly RuleCode TagGiven = Error("AS1010", "A value has a YAML tag; rule files use none.");
    internal static readonly RuleCode MemberTwice = Error("AS1011", "A member is given twice in one mapping.");
    internal static readonly RuleCode BadMemberName = Error("AS1012", "The name of a member is empty, a list, a mapping or an alias.");
    internal static readonly RuleCode BadMerge = Error("AS1013", "The merge key << is given something else than a mapping or a list of mappings.");
    internal static readonly RuleCode TooManyErrors = Error("AS1014", "There are more than 100 errors; the others are not listed.");

    internal static readonly RuleCode UnknownMember = Error("AS1101", "A member is not known here.");
    internal static readonly RuleCode MissingMember = Error("AS1102", "A member that is needed is missing.");
    internal static readonly RuleCode NoValue = Error("AS1103", "A member or list entry has no value; leaving it out is not the same.");
    internal static readonly RuleCode WrongKind = Error("AS1104", "A value is of the wrong kind, such as a list where text is wanted.");
    internal static readonly RuleCode UnknownVersion = Error("AS1105", "The version of the rule file is not known to this version of the program.");
    internal static readonly RuleCode ReservedSection = Error("AS1106", "A section is reserved and not supported by this version of the program.");
    internal static readonly RuleCode UnknownWord = Error("AS1107", "A value is not one of the known words.");
    internal static readonly RuleCode NotACount = Error("AS1108", "A value is not a count.");
    internal static readonly RuleCode CountOutOfRange = Error("AS1109", "A count is too small or too large.");
    internal static readonly RuleCode NotADuration = Error("AS1110", "A value is not a duration.");
    internal static readonly RuleCode BadText = Error("AS1111", "A text is empty, too long, has white space at an end, or holds a control character.");
    internal static readonly RuleCode LongList = Error("AS1112", "A list has too many entries.");
    internal static readonly RuleCode EntryTwice = Warning("AS1150", "A list names the same entry twice.");

    internal static readonly RuleCode AccountTwice = Error("AS1201", "Two accounts have the same name.");
    internal static readonly RuleCode BadKeyHash = Error("AS1202", "A key hash is not 64 lower-case hexadecimal digits.");
    internal static readonly RuleCode KeyHashTwice = Error("AS1203", "A key hash is given twice, for one account or for two.");
    internal static readonly RuleCode AccountWithoutKeys = Warning("AS1250", "An account has no key hashes, so that no request can be its.");

    internal static readonly RuleCode BadRuleName = Error("AS2001", "The name of a rule has characters that names may not have.");
    internal static readonly RuleCode RuleTwice = Error("AS2002", "Two rules have the same name.");
    internal static readonly RuleCode WindowOutOfRange = Error("AS2003", "A window is shorter than 1s or longer than 31d.");
    internal static readonly RuleCode NotForUnit = Error("AS2004", "A member has no meaning for the rule's unit.");
    internal static readonly RuleCode BadScope = Error("AS2005", "The scope of a quota is an empty list, or everyone together with a part.");
    internal static readonly RuleCode TooManyRules = Error("AS2006", "The file has more than 1000 rules.");
    internal static readonly RuleCode TooManyCombinations = Error("AS2007", "The rules tell apart too many combinations of route and plan.");
    internal static readonly RuleCode MatchesNothing = Warning("AS2050", "A rule matches an empty list, and so no request.");
    internal static readonly RuleCode LimitBelowRequest = Warning("AS2051", "A limit is so small that no request can meet it.");
    internal static readonly RuleCode UnknownOrganization = Warning("AS2052", "A rule depends on an organization that no account declares.");
    internal static readonly RuleCode UnknownPlan = Warning("AS2053", "A rule names a plan that no account has and that is not the default plan.");
    internal static readonly RuleCode SameRule = Warning("AS2054", "A rule is the same as another one in all but name.");
    internal static readonly RuleCode NeverFirst = Warning("AS2055", "A rule can refuse nothing that another one does not refuse already.");
    internal static readonly RuleCode HoldWithoutEffect = Warning("AS2056", "A setting of the hold has no effect, for something smaller caps it.");

    /// <summary>All codes in order.</summary>
    public static IReadOnlyList<RuleCode> All => Codes;

    private static RuleCode Error(string id, string meaning) => Add(new(id, RuleSeverity.Error, meaning));

    private static RuleCode Warning(string id, string meaning) => Add(new(id, RuleSeverity.Warning, meaning));

    private static RuleCode Add(RuleCode code)
    {
        Codes.Add(code);
        return code;
    }
}
