namespace ApiShield.Proxy.Demo;

/// <summary>What has become of one caller's requests; written by its requests, read by the table.</summary>
internal sealed class DemoTally(DemoCaller caller)
{
    private readonly Lock _gate = new();
    private Counts _counts;

    public DemoCaller Caller { get; } = caller;

    /// <summary>All numbers as of one moment.</summary>
    public Counts Now
    {
        get
        {
            lock (_gate) return _counts;
        }
    }

    public void Send()
    {
        lock (_gate) _counts.Sent++;
    }

    public void Admit()
    {
        lock (_gate) _counts.Admitted++;
    }

    public void Refuse(int status, string reason, TimeSpan? retryAfter)
    {
        lock (_gate)
        {
            _counts.Refused++;
            _counts.LastStatus = status;
            _counts.LastReason = reason;
            _counts.RetryAfter = retryAfter;
        }
    }

    public void Fail(string reason)
    {
        lock (_gate)
        {
            _counts.Failed++;
            _counts.LastStatus = 0;
            _counts.LastReason = reason;
            _counts.RetryAfter = null;
        }
    }

    public void Receive(long tokens)
    {
        lock (_gate) _counts.Tokens += tokens;
    }

    public void Remain(string? requests, string? tokens)
    {
        lock (_gate)
        {
            _counts.RemainingRequests = requests ?? _counts.RemainingRequests;
            _counts.RemainingTokens = tokens ?? _counts.RemainingTokens;
        }
    }

    /// <summary>One caller's numbers as of one moment.</summary>
    internal struct Counts
    {
        public long Sent;
        public long Admitted;
        public long Refused;

        /// <summary>Requests without an answer: no connection, or one that broke.</summary>
        public long Failed;

        /// <summary>Output tokens received.</summary>
        public long Tokens;

        /// <summary>Status of the last refusal; 0 for a failure.</summary>
        public int LastStatus;
        public string? LastReason;
        public TimeSpan? RetryAfter;
        public string? RemainingRequests;
        public string? RemainingTokens;
    }
}
