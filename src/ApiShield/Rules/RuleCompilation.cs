namespace ApiShield.Rules;

/// <summary>What became of a rule file: rules that can be used, or the errors for which it is refused; warnings in either case.</summary>
public sealed class RuleCompilation
{
    internal RuleCompilation(RuleSet? rules, IReadOnlyList<RuleDiagnostic> diagnostics)
    {
        Rules = rules;
        Diagnostics = diagnostics;
    }

    /// <summary>The compiled rules; null exactly if <see cref="Diagnostics"/> holds an error.</summary>
    public RuleSet? Rules { get; }

    /// <summary>All errors and warnings. Within a mapping unknown members come first, for a misspelling is often the cause of the rest.</summary>
    public IReadOnlyList<RuleDiagnostic> Diagnostics { get; }
}
