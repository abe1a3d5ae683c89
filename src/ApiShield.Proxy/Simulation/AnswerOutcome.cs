namespace ApiShield.Proxy.Simulation;

/// <summary>How an answer that had begun came to its end.</summary>
internal enum AnswerOutcome
{
    /// <summary>Its last byte was handed to the connection.</summary>
    Completed,

    /// <summary>The client went away.</summary>
    Aborted,

    /// <summary>The simulator ended the stream with an error event or closed the connection, as the request asked.</summary>
    Dropped,

    /// <summary>The same, and the connection is reset at once, bytes under way included.</summary>
    Reset,
}
