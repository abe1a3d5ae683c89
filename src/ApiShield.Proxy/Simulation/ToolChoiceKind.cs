namespace ApiShield.Proxy.Simulation;

/// <summary>Whether a request wants a tool called.</summary>
internal enum ToolChoiceKind
{
    /// <summary>The model may choose; the simulator answers with text.</summary>
    Auto,

    /// <summary>No tool.</summary>
    None,

    /// <summary>Any tool; the simulator takes the first.</summary>
    Required,

    /// <summary>The tool that the request names.</summary>
    Named,
}
