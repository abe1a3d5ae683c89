namespace ApiShield.Rules.Parsing;

/// <summary>What the core schema of YAML 1.2 takes a scalar for.</summary>
internal enum ScalarKind
{
    /// <summary>Nothing, <c>~</c> or <c>null</c>.</summary>
    Null,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>A number.</summary>
    Number,

    /// <summary>Everything else, and everything in quotes.</summary>
    Text,
}
