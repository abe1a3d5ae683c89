namespace ApiShield.Dialects;

/// <summary>What a path means in a dialect.</summary>
public enum DialectOperation
{
    /// <summary>Nothing this dialect knows: refused unless the route forwards unknown paths.</summary>
    Unknown,

    /// <summary>Costs a request but no tokens, as listing models; the body, if any, is not read.</summary>
    Plain,

    /// <summary>Makes tokens: the body is inspected and the answer observed.</summary>
    Generate,
}
