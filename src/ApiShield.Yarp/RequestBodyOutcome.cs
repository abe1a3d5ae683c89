namespace ApiShield.Yarp;

/// <summary>How reading a request body ended.</summary>
internal enum RequestBodyOutcome
{
    Read,
    TooLarge,
    NoBudget,
}
