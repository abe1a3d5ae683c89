namespace ApiShield.Rules;

/// <summary>Whether a diagnostic keeps the rules from being used.</summary>
public enum RuleSeverity
{
    /// <summary>Legal, and surely a mistake; the rules are used.</summary>
    Warning,

    /// <summary>The file is refused as a whole.</summary>
    Error,
}
