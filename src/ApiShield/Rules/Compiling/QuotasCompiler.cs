using System.Buffers;
using System.Collections.Frozen;
using ApiShield.Quotas;
using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>The section <c>quotas</c> to quota rules with distinct names.</summary>
internal sealed class QuotasCompiler(DiagnosticSink diagnostics)
{
    private const string Section = "quotas";
    private const int MaxRules = 1_000;

    /// <summary>Bounds the table of candidates that a <see cref="RuleSet"/> keeps for each combination of route and plan.</summary>
    private const long MaxCandidates = 1_000_000;

    /// <summary>The largest limit: sums of use and holds stay far below 2^53, up to where Redis scripts count exactly.</summary>
    private const long MaxLimit = 1_000_000_000_000_000;

    private const int MaxNameLength = 63;
    private const int MaxDescription = 2_000;
    private const int MaxEntries = 1_000;
    private const long LeastWindow = 1;
    private const long MostWindow = 31 * 86_400;

    private static readonly string[] RuleMembers =
    [
        "name", "description", "mode", "match", "per", "unit", "limit", "window", "onStoreFailure", "onExhausted", "defaultOutput", "maxHold",
    ];

    private static readonly string[] MatchMembers = ["plans", "models", "routes", "organizations"];
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    private readonly Dictionary<string, FilePosition> _names = new(StringComparer.Ordinal);

    /// <param name="file">The root of the file.</param>
    /// <param name="cap">The file's mode, which caps that of every rule.</param>
    public IReadOnlyList<CompiledQuota> Compile(MappingBinder file, EnforcementMode cap)
    {
        if (file.List(Section, int.MaxValue) is not { } items) return [];
        if (items.Count > MaxRules)
            file.Report(RuleCodes.TooManyRules, items[MaxRules].Position, $"'{Section}' has {items.Count} rules; at most {MaxRules} are allowed");

        var result = new List<CompiledQuota>();
        foreach (var (index, item) in items.Take(MaxRules).Index())
            if (file.Entry<MappingNode>(item, Section, "a mapping") is { } node && Rule(node, index, cap) is { } rule)
                result.Add(new(rule, node));
        CheckCombinations(file, result);
        return result;
    }

    private QuotaRule? Rule(MappingNode node, int index, EnforcementMode cap)
    {
        var label = node.Find("name")?.Value is ScalarNode { Kind: ScalarKind.Text, Text.Length: > 0 } named
            ? $"quota {Wording.Quote(named.Text)}"
            : $"{Section}[{index}]";
        var binder = new MappingBinder(node, label, RuleMembers, diagnostics);
        binder.Require("name", "unit", "limit");

        var name = Name(binder);
        var description = binder.Text("description", MaxDescription, manyLines: true);
        var mode = binder.Word<EnforcementMode>("mode") ?? EnforcementMode.Enforce;
        var match = Match(binder, label);
        var per = QuotaScope.Read(binder);
        var unit = binder.Word<QuotaUnit>("unit");
        var limit = binder.Count("limit", 1, MaxLimit);
        var window = Window(binder, unit);
        var onStoreFailure = binder.Word<StoreFailureMode>("onStoreFailure");

        CheckUnit(binder, "onExhausted", unit, unit is QuotaUnit.InputTokens or QuotaUnit.OutputTokens or QuotaUnit.TotalTokens, "only tokens");
        var onExhausted = binder.Word<ExhaustedMode>("onExhausted");
        var countsOutput = unit is QuotaUnit.OutputTokens or QuotaUnit.TotalTokens;
        CheckUnit(binder, "defaultOutput", unit, countsOutput, "only outputTokens and totalTokens");
        var defaultOutput = binder.Count("defaultOutput", 1, MaxLimit);
        CheckUnit(binder, "maxHold", unit, countsOutput, "only outputTokens and totalTokens");
        var maxHold = binder.Count("maxHold", 1, MaxLimit);

        if (name is null || unit is null || limit is null || (window is null && unit != QuotaUnit.ConcurrentRequests)) return null;
        return new()
        {
            Name = name,
            Description = description,
            Mode = mode < cap ? mode : cap,
            Match = match,
            Per = per,
            Limit = new(unit.Value, limit.Value, window ?? TimeSpan.Zero),
            OnStoreFailure = onStoreFailure ?? StoreFailureMode.Local,
            OnExhausted = onExhausted ?? ExhaustedMode.Finish,
            DefaultOutput = defaultOutput ?? QuotaRule.DefaultOutputTokens,
            MaxHold = maxHold,
        };
    }

    private string? Name(MappingBinder binder)
    {
        if (binder.Text("name", MaxNameLength) is not { } name) return null;
        var at = binder.PositionOf("name");
        if (name.AsSpan().ContainsAnyExcept(NameCharacters) || name[0] == '-')
        {
            var tidy = RuleSet.Lower(name).Replace(' ', '-').Replace('_', '-').Replace('.', '-').TrimStart('-');
            var meant = tidy.Length > 0 && !tidy.AsSpan().ContainsAnyExcept(NameCharacters) ? $"; did you mean '{tidy}'?" : "";
            binder.Report(RuleCodes.BadRuleName, at, $"a name has lower-case letters, digits and hyphens only, and does not begin with a hyphen{meant}");
            return null;
        }
        if (!_names.TryAdd(name, at)) binder.Report(RuleCodes.RuleTwice, at, $"the name is used twice; first at {_names[name]}");
        return name;
    }

    private RuleMatch Match(MappingBinder rule, string label)
    {
        if (rule.Mapping("match") is not { } node) return RuleMatch.Everything;
        var binder = new MappingBinder(node, $"{label}: match", MatchMembers, diagnostics);
        return new()
        {
            Plans = Names("plans", StringComparer.Ordinal, name => name),
            Models = binder.Texts("models", MaxEntries, StringComparer.OrdinalIgnoreCase)?.Select(model => new ModelPattern(model.Text)).ToArray(),
            Routes = Names("routes", StringComparer.OrdinalIgnoreCase, RuleSet.Lower),
            Organizations = Names("organizations", StringComparer.Ordinal, name => name),
        };

        FrozenSet<string>? Names(string member, StringComparer comparer, Func<string, string> form) =>
            binder.Texts(member, MaxEntries, comparer)?.Select(name => form(name.Text)).ToFrozenSet(StringComparer.Ordinal);
    }

    private static TimeSpan? Window(MappingBinder binder, QuotaUnit? unit)
    {
        // With a unit that could not be read it is not known whether the rule has a window.
        if (unit is not null && unit != QuotaUnit.ConcurrentRequests) binder.Require("window");
        CheckUnit(binder, "window", unit, unit != QuotaUnit.ConcurrentRequests, "all other units");
        return binder.Duration("window", LeastWindow, MostWindow, RuleCodes.WindowOutOfRange);
    }

    private static void CheckUnit(MappingBinder binder, string member, QuotaUnit? unit, bool fits, string owners)
    {
        if (unit is { } known && !fits && binder.Has(member))
        {
            binder.Report(RuleCodes.NotForUnit, binder.NameOf(member),
                $"member '{member}' means nothing for unit {Words<QuotaUnit>.Of(known)}; {owners} have it");
        }
    }

    private static void CheckCombinations(MappingBinder file, List<CompiledQuota> rules)
    {
        var active = rules.Where(rule => rule.Rule.Mode != EnforcementMode.Off).Select(rule => rule.Rule.Match).ToArray();
        var routes = active.SelectMany(match => match.Routes ?? []).Distinct(StringComparer.Ordinal).LongCount() + 1;
        var plans = active.SelectMany(match => match.Plans ?? []).Distinct(StringComparer.Ordinal).LongCount() + 1;
        if (routes * plans * active.Length > MaxCandidates)
        {
            file.Report(RuleCodes.TooManyCombinations, file.PositionOf(Section),
                $"{active.Length} rules tell {routes - 1} routes and {plans - 1} plans apart; "
                + $"routes times plans times rules may be {CountText.Write(MaxCandidates)} at most");
        }
    }
}
