namespace ApiShield.Dialects;

/// <summary>Whether one event of a stream goes on to the caller.</summary>
public enum EventFate
{
    /// <summary>It goes on as it came.</summary>
    Relay,

    /// <summary>It is there only because ApiShield asked for it, and is taken out again.</summary>
    Drop,
}
