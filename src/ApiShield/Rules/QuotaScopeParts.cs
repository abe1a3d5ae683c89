namespace ApiShield.Rules;

/// <summary>Whose use a quota counts together; parts combine, so that account and model means each model of each account.</summary>
[Flags]
public enum QuotaScopeParts
{
    /// <summary>No part: everybody shares one counter.</summary>
    None = 0,

    /// <summary>Each account.</summary>
    Account = 1,

    /// <summary>Each declared organization; an account without one counts as its own.</summary>
    Organization = 2,

    /// <summary>Each client address; IPv6 by its /64.</summary>
    Address = 4,

    /// <summary>Each model as the request names it.</summary>
    Model = 8,

    /// <summary>Each route of the proxy.</summary>
    Route = 16,
}
