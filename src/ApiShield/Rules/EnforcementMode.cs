namespace ApiShield.Rules;

/// <summary>How far a rule goes; the file's mode caps that of every rule in it.</summary>
public enum EnforcementMode
{
    /// <summary>The rule is not evaluated.</summary>
    Off,

    /// <summary>The rule is evaluated and counted, and what it would have done is logged; the request goes through.</summary>
    Shadow,

    /// <summary>The rule acts.</summary>
    Enforce,
}
