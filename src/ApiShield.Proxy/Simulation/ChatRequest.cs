namespace ApiShield.Proxy.Simulation;

/// <summary>What the simulator needs of a chat-completions request; used again for the next one.</summary>
internal sealed class ChatRequest
{
    /// <summary>The body; the ranges below point into it.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    public string Model { get; set; } = "";

    public bool Stream { get; set; }

    public bool IncludeUsage { get; set; }

    /// <summary>Number of choices.</summary>
    public int Choices { get; set; } = 1;

    /// <summary>The most tokens a choice may have, reasoning included, or null.</summary>
    public int? MaxTokens { get; set; }

    public List<byte[]> Stops { get; } = [];

    public bool LogProbs { get; set; }

    public int TopLogProbs { get; set; }

    public ToolChoiceKind ToolChoice { get; set; }

    /// <summary>The tool that <see cref="ToolChoiceKind.Named"/> names.</summary>
    public string? ToolName { get; set; }

    /// <summary>Tools by name, with where in the body the schema of their parameters stands (empty for none).</summary>
    public List<(string Name, Range Schema)> Tools { get; } = [];

    /// <summary>Whether the answer is to be JSON.</summary>
    public bool JsonAnswer { get; set; }

    /// <summary>Where the schema of a JSON answer stands, or null for any object.</summary>
    public Range? AnswerSchema { get; set; }

    /// <summary>The <c>reasoning_effort</c>, or null.</summary>
    public string? Effort { get; set; }

    public int PromptTokens { get; set; }

    /// <summary>Stands for what is asked, whatever way the answer is to be delivered.</summary>
    public ulong Seed { get; set; }

    public QuestionWords Question { get; } = new();

    public void Clear()
    {
        Body = default;
        Model = "";
        Stream = IncludeUsage = LogProbs = JsonAnswer = false;
        Choices = 1;
        MaxTokens = null;
        Stops.Clear();
        TopLogProbs = 0;
        ToolChoice = ToolChoiceKind.Auto;
        ToolName = null;
        Tools.Clear();
        AnswerSchema = null;
        Effort = null;
        PromptTokens = 0;
        Seed = 0;
        Question.Clear();
    }
}
