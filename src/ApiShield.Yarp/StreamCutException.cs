namespace ApiShield.Yarp;

/// <summary>Ends the forwarding of an answer that has used up its allowance; the forwarder then cancels the upstream and breaks the connection off.</summary>
public sealed class StreamCutException : IOException
{
    /// <summary>Says why.</summary>
    public StreamCutException()
        : base("The answer has used up its allowance.")
    {
    }

    /// <inheritdoc/>
    public StreamCutException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public StreamCutException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
