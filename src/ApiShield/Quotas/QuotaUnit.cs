namespace ApiShield.Quotas;

/// <summary>What a quota counts.</summary>
public enum QuotaUnit
{
    /// <summary>Exchanges, entered in the window when they are admitted.</summary>
    Requests,

    /// <summary>Tokens sent to the model: held by an estimate, entered in the window as reported when the exchange is settled.</summary>
    InputTokens,

    /// <summary>Tokens made by the model, reasoning included: held at the largest possible answer, entered as reported.</summary>
    OutputTokens,

    /// <summary>Input and output tokens together.</summary>
    TotalTokens,

    /// <summary>Exchanges in flight at one moment; has no window.</summary>
    ConcurrentRequests,
}
