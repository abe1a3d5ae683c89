using System.ClientModel.Primitives;

namespace ApiShield.FunctionalTests.Clients;

/// <summary>The OpenAI library's own retrying, except that it notes how long it would wait and goes on at once.</summary>
internal sealed class RecordedRetries : ClientRetryPolicy
{
    /// <summary>Requests sent.</summary>
    public int Attempts { get; private set; }

    /// <summary>Waits between them.</summary>
    public List<TimeSpan> Gaps { get; } = [];

    /// <summary>Retry-After of the first answer, or null.</summary>
    public string? RetryAfter { get; private set; }

    /// <summary>x-should-retry of the first answer, or null.</summary>
    public string? ShouldRetryHeader { get; private set; }

    protected override ValueTask OnSendingRequestAsync(PipelineMessage message)
    {
        Attempts++;
        return base.OnSendingRequestAsync(message);
    }

    protected override ValueTask OnRequestSentAsync(PipelineMessage message)
    {
        if (Attempts == 1 && message.Response is { } response)
        {
            RetryAfter = response.Headers.TryGetValue("retry-after", out var wait) ? wait : null;
            ShouldRetryHeader = response.Headers.TryGetValue("x-should-retry", out var should) ? should : null;
        }
        return base.OnRequestSentAsync(message);
    }

    protected override Task WaitAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        Gaps.Add(time);
        return Task.CompletedTask;
    }
}
