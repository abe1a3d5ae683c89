namespace ApiShield.Rules;

/// <summary>What a rule does while its store is unreachable.</summary>
public enum StoreFailureMode
{
    /// <summary>Lets the request through; what it uses is charged when the store is back.</summary>
    Allow,

    /// <summary>Refuses the request with 503.</summary>
    Deny,

    /// <summary>Counts on this replica alone, against the limit divided by the number of replicas.</summary>
    Local,
}
