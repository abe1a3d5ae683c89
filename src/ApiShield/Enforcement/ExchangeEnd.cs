namespace ApiShield.Enforcement;

/// <summary>How an exchange ended, as far as charging is concerned.</summary>
public enum ExchangeEnd
{
    /// <summary>The answer passed to its end.</summary>
    Completed,

    /// <summary>The caller went away; what had passed is charged, and the input if the model API had been asked.</summary>
    ClientAborted,

    /// <summary>The model API could not be reached, refused, or broke off; what had passed is charged.</summary>
    UpstreamFailed,

    /// <summary>ApiShield cut the answer.</summary>
    Cut,
}
