namespace ApiShield.Proxy.Simulation;

/// <summary>A whole answer: its choices and its usage; used again for the next one.</summary>
internal sealed class SimulatedAnswer
{
    private readonly List<SimulatedChoice> _choices = [];

    public int Count { get; private set; }

    public int PromptTokens { get; set; }

    public int CompletionTokens { get; private set; }

    public int ReasoningTokens { get; private set; }

    /// <summary>Tokens that a client sees of all choices.</summary>
    public int VisibleTokens { get; private set; }

    public SimulatedChoice this[int index] => _choices[index];

    /// <summary>Adds an empty choice.</summary>
    public SimulatedChoice Add()
    {
        if (Count == _choices.Count) _choices.Add(new SimulatedChoice());
        return _choices[Count++];
    }

    /// <summary>Adds up the usage once all choices are composed.</summary>
    public void Total()
    {
        CompletionTokens = ReasoningTokens = VisibleTokens = 0;
        for (var i = 0; i < Count; i++)
        {
            CompletionTokens += _choices[i].CompletionTokens;
            ReasoningTokens += _choices[i].ReasoningTokens;
            VisibleTokens += _choices[i].VisibleTokens;
        }
    }

    public void Clear()
    {
        for (var i = 0; i < Count; i++) _choices[i].Clear();
        Count = 0;
        PromptTokens = 0;
    }
}
