namespace ApiShield.Dialects;

/// <summary>What a request body says that a decision or the accounting needs; filled by a dialect's inspection, reused between exchanges.</summary>
public sealed class RequestFacts
{
    /// <summary>The model as the request names it; null where it names none.</summary>
    public string? Model { get; set; }

    /// <summary>Whether the answer comes as a stream of events.</summary>
    public bool Stream { get; set; }

    /// <summary>The most output tokens of one choice that the request allows; null where it states none.</summary>
    public long? MaxOutputTokens { get; set; }

    /// <summary>The number of answers asked for, at least 1.</summary>
    public int Choices { get; set; }

    /// <summary>Whether the caller asked for the usage of a stream and so expects to see it.</summary>
    public bool UsageRequested { get; set; }

    /// <summary>Whether the exchange makes tokens at all; listing models, for one, does not.</summary>
    public bool Generates { get; set; }

    /// <summary>UTF-8 bytes of what the model will read as text, member names included, escapes as written.</summary>
    public long TextBytes { get; set; }

    /// <summary>Images and other embedded media in the request.</summary>
    public int Media { get; set; }

    /// <summary>What has to change in the body before it is forwarded, in order of offset.</summary>
    public List<BodyPatch> Patches { get; } = [];

    /// <summary>Where the value of <c>max_tokens</c> or its like stands, to be lowered; null where the request has no such member.</summary>
    public (long Offset, int Length)? MaxTokensAt { get; set; }

    /// <summary>Where the value of the dialect's other member for the same stands.</summary>
    public (long Offset, int Length)? OtherMaxTokensAt { get; set; }

    /// <summary>Where a first member can be inserted, before the others.</summary>
    public long FirstMemberAt { get; set; }

    /// <summary>Makes the facts ready for another request.</summary>
    public void Clear()
    {
        Model = null;
        Stream = false;
        MaxOutputTokens = null;
        Choices = 1;
        UsageRequested = false;
        Generates = false;
        TextBytes = 0;
        Media = 0;
        Patches.Clear();
        MaxTokensAt = null;
        OtherMaxTokensAt = null;
        FirstMemberAt = 0;
    }
}
