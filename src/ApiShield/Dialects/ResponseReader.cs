using System.Buffers;

namespace ApiShield.Dialects;

/// <summary>Reads one answer as it passes: counts what is relayed and finds the usage that the model API reports. Allocates nothing per event.</summary>
public abstract class ResponseReader
{
    /// <summary>What the request asked for; set by <see cref="Start"/>.</summary>
    protected RequestFacts Facts { get; private set; } = new();

    /// <summary>The reported usage, or null while none has been seen.</summary>
    public Usage? Reported { get; protected set; }

    /// <summary>Events that carried output; each stands for at least one token.</summary>
    public long OutputEvents { get; protected set; }

    /// <summary>UTF-8 bytes of output text, tool arguments and visible reasoning.</summary>
    public long OutputBytes { get; protected set; }

    /// <summary>Whether the model API reported an error inside the answer.</summary>
    public bool UpstreamError { get; protected set; }

    /// <summary>Whether the model API has said that the answer is complete; nothing that costs follows.</summary>
    public bool Ended { get; protected set; }

    /// <summary>Makes the reader ready for the answer to a request.</summary>
    public virtual void Start(RequestFacts facts)
    {
        Facts = facts;
        Reported = null;
        OutputEvents = 0;
        OutputBytes = 0;
        UpstreamError = false;
        Ended = false;
    }

    /// <summary>Counts bytes of an answer that cannot be read: too large, compressed against our wish, or of another kind.</summary>
    public void CountUnreadable(long bytes)
    {
        OutputBytes += bytes;
        OutputEvents++;
    }

    /// <summary>Reads one whole server-sent event, its lines and the blank line that ends it included.</summary>
    public abstract EventFate ReadEvent(ReadOnlySpan<byte> serverSentEvent);

    /// <summary>Reads a whole answer that is not a stream.</summary>
    public abstract void ReadBody(in ReadOnlySequence<byte> body);
}
