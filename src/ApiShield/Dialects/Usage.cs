namespace ApiShield.Dialects;

/// <summary>Tokens of one exchange as the model API reports them.</summary>
/// <param name="Input">Tokens read, cached ones included.</param>
/// <param name="Output">Tokens made, hidden reasoning included.</param>
public readonly record struct Usage(long Input, long Output)
{
    /// <summary>Both together.</summary>
    public long Total => Input + Output;
}
