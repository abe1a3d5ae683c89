namespace ApiShield.Proxy.Simulation;

/// <summary>One choice of an answer, composed and cut into tokens before its first byte is sent.</summary>
internal sealed class SimulatedChoice
{
    /// <summary>Reasoning that the client sees.</summary>
    public TokenText Reasoning { get; } = new();

    /// <summary>Tokens of reasoning that the client only finds in the usage.</summary>
    public int HiddenReasoning { get; set; }

    /// <summary>The text of the answer, or the arguments of the tool call.</summary>
    public TokenText Content { get; } = new();

    /// <summary>The tool that is called, or null for a text.</summary>
    public string? ToolName { get; set; }

    /// <summary>The call's id, if there is one.</summary>
    public string? ToolCallId { get; set; }

    /// <summary>Why the choice ends.</summary>
    public string FinishReason { get; set; } = "stop";

    /// <summary>Varies the choice's log probabilities.</summary>
    public ulong Seed { get; set; }

    public int ReasoningTokens => HiddenReasoning + Reasoning.Count;

    /// <summary>Tokens that are sent one a stream event.</summary>
    public int VisibleTokens => Reasoning.Count + Content.Count;

    public int CompletionTokens => ReasoningTokens + Content.Count;

    public void Clear()
    {
        Reasoning.Clear();
        Content.Clear();
        HiddenReasoning = 0;
        ToolName = ToolCallId = null;
        FinishReason = "stop";
        Seed = 0;
    }
}
