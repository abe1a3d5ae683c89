namespace ApiShield.Enforcement;

/// <summary>Why a request is not answered; each dialect has its own words for each.</summary>
public enum DenialKind
{
    /// <summary>A quota has no room now. 429.</summary>
    QuotaExceeded,

    /// <summary>The request alone is larger than a quota: waiting does not help. 429.</summary>
    RequestTooLarge,

    /// <summary>A rule that must not guess cannot be decided. 503.</summary>
    StoreUnavailable,

    /// <summary>The model API did not answer. 502 or 504.</summary>
    UpstreamUnavailable,

    /// <summary>The caller is not let in. 403.</summary>
    Forbidden,

    /// <summary>The request cannot be read, or says something that is not allowed. 400, 413 or 415.</summary>
    Invalid,

    /// <summary>The path is none that the route protects. 404.</summary>
    UnknownPath,
}
