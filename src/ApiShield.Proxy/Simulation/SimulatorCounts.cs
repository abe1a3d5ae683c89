namespace ApiShield.Proxy.Simulation;

/// <summary>What the simulator has seen and produced, in all or for one API key; read while others write.</summary>
internal sealed class SimulatorCounts
{
    private long _requests;
    private long _answered;
    private long _completed;
    private long _refused;
    private long _aborted;
    private long _dropped;
    private long _promptTokens;
    private long _completionTokens;
    private long _tokensWritten;
    private long _tokensBeforeAbort;

    /// <summary>Chat requests that arrived, whatever became of them.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Chat requests whose answer with status 200 was begun.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Answers handed over to their last byte.</summary>
    public long Completed => Interlocked.Read(ref _completed);

    /// <summary>Chat requests answered with another status than 200.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Requests that the client gave up, before or during the answer.</summary>
    public long Aborted => Interlocked.Read(ref _aborted);

    /// <summary>Answers that the simulator broke off because the request asked for it.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Prompt tokens of all requests that were answered with 200, completed or not.</summary>
    public long PromptTokens => Interlocked.Read(ref _promptTokens);

    /// <summary>Completion tokens of all completed answers, reasoning included: the sum of what their usage says.</summary>
    public long CompletionTokens => Interlocked.Read(ref _completionTokens);

    /// <summary>Visible tokens handed to connections, of completed and of broken answers.</summary>
    public long TokensWritten => Interlocked.Read(ref _tokensWritten);

    /// <summary>The part of <see cref="TokensWritten"/> that belongs to answers which did not complete.</summary>
    public long TokensBeforeAbort => Interlocked.Read(ref _tokensBeforeAbort);

    public void Seen() => Interlocked.Increment(ref _requests);

    public void Refuse() => Interlocked.Increment(ref _refused);

    public void AbortUnanswered() => Interlocked.Increment(ref _aborted);

    public void Begin(int promptTokens)
    {
        Interlocked.Increment(ref _answered);
        Interlocked.Add(ref _promptTokens, promptTokens);
    }

    /// <param name="outcome">How the answer ended.</param>
    /// <param name="completionTokens">What its usage says.</param>
    /// <param name="written">Visible tokens handed to the connection.</param>
    public void End(AnswerOutcome outcome, int completionTokens, int written)
    {
        Interlocked.Add(ref _tokensWritten, written);
        if (outcome == AnswerOutcome.Completed)
        {
            Interlocked.Add(ref _completionTokens, completionTokens);
            Interlocked.Increment(ref _completed);
            return;
        }

        Interlocked.Add(ref _tokensBeforeAbort, written);
        if (outcome == AnswerOutcome.Aborted) Interlocked.Increment(ref _aborted);
        else Interlocked.Increment(ref _dropped);
    }
}
