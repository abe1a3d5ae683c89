namespace ApiShield.Rules;

/// <summary>The kind of a diagnostic: a stable code, the severity of all of its kind, and what it means.</summary>
/// <param name="Id"><c>AS</c> and four digits; never given to another meaning.</param>
/// <param name="Severity">Error or warning.</param>
/// <param name="Meaning">One sentence, as in the table of config/README.md.</param>
public sealed record RuleCode(string Id, RuleSeverity Severity, string Meaning);
