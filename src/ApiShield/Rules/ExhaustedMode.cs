namespace ApiShield.Rules;

/// <summary>What happens to a running answer that needs more tokens than were held for it and are left.</summary>
public enum ExhaustedMode
{
    /// <summary>It runs to its end; the overrun is charged, and the window stays over its limit until it has passed.</summary>
    Finish,

    /// <summary>It is cut before the event that would exceed the limit.</summary>
    Cut,
}
