using System.Globalization;
using System.Text.Json;

namespace ApiShield.Proxy.Demo;

/// <summary>What a kind of caller sends and how often.</summary>
/// <param name="MeanPause">Average time between the starts of two requests.</param>
/// <param name="AtOnce">Requests under way at the same time at most.</param>
/// <param name="HeedsRetryAfter">Whether it waits as long as a refusal says.</param>
/// <param name="Stream">Whether its answers are streamed.</param>
/// <param name="MaxTokens">Its limit on an answer, or null.</param>
/// <param name="Role">Its system message.</param>
/// <param name="Questions">What it asks; <c>{0}</c> stands for a number.</param>
internal sealed record DemoHabit(
    TimeSpan MeanPause, int AtOnce, bool HeedsRetryAfter, bool Stream, int? MaxTokens, string Role, string[] Questions)
{
    private static readonly DemoHabit ChatUser = new(TimeSpan.FromSeconds(5), 1, true, true, null, "Be friendly and brief.",
    [
        "How early can I plant tomato seed indoors?", "What should I visit in a small mountain village in {0} hours?",
        "My soup tastes bitter. What can I do?", "Is a daily workout of {0} minutes enough?", "Why do comets have two tails?",
    ]);

    private static readonly DemoHabit SupportBot = new(TimeSpan.FromSeconds(0.25), 4, true, false, 200, "Answer as the help desk of a web shop.",
    [
        "Where is my order {0}?", "How do I get a refund for invoice {0}?", "My payment for order {0} was refused, why?",
        "Can I change the subscription of account {0}?",
    ]);

    private static readonly DemoHabit BatchLabeller = new(TimeSpan.FromSeconds(0.15), 4, true, false, 8, "Answer with one label: praise, complaint or question.",
    [
        "Text {0}: the parcel came late and the box was open", "Text {0}: does this fit a narrow oven", "Text {0}: works as it should, thank you",
    ]);

    private static readonly DemoHabit CodingAgent = new(TimeSpan.FromSeconds(1.5), 2, true, true, 1200, "You are a careful programmer working on a service.",
    [
        "Refactor the handler so that the cache is not locked while the query runs ({0} call sites).", "Why does test {0} of the parser fail?",
        "Write a function that sorts the log by thread and drops the first {0} errors.",
    ]);

    private static readonly DemoHabit OverQuota = new(TimeSpan.FromSeconds(0.08), 8, false, false, 400, "Explain your reasoning step by step.",
    [
        "Problem {0}: estimate the margin of a fund with variable price, step by step.", "Problem {0}: which orbit does the probe reach?",
        "Problem {0}: prove that the loop ends.",
    ]);

    /// <summary>The habit of a kind.</summary>
    public static DemoHabit Of(DemoCallerKind kind) => kind switch
    {
        DemoCallerKind.ChatUser => ChatUser,
        DemoCallerKind.SupportBot => SupportBot,
        DemoCallerKind.BatchLabeller => BatchLabeller,
        DemoCallerKind.CodingAgent => CodingAgent,
        DemoCallerKind.OverQuota => OverQuota,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>A pause before the next request: exponential around the mean, as independent arrivals are, but never longer than four times that.</summary>
    public TimeSpan Pause(Random random)
    {
        var factor = Math.Min(-Math.Log(1 - random.NextDouble()), 4);
        return MeanPause * factor;
    }

    /// <summary>The body of the next request.</summary>
    public byte[] Body(Random random)
    {
        var question = Questions[random.Next(Questions.Length)].Replace("{0}", random.Next(2, 5000).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object?>
        {
            ["model"] = "sim-chat",
            ["messages"] = new[] { Message("system", Role), Message("user", question) },
            ["stream"] = Stream,
            ["max_tokens"] = MaxTokens,
        });
    }

    private static Dictionary<string, string> Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
