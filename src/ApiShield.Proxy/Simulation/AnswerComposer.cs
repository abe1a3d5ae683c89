using System.Text.Json;

namespace ApiShield.Proxy.Simulation;

/// <summary>Makes the answer to a request: the same for the same question and seed, however it is delivered.</summary>
internal static class AnswerComposer
{
    /// <summary>Models that show their reasoning.</summary>
    public const string ReasonerPrefix = "sim-reasoner";

    private const int MostTokens = 200_000;

    private static ReadOnlySpan<byte> Marker => "[simulated] "u8;

    /// <summary>Fills <paramref name="into"/>, which must be cleared.</summary>
    public static void Compose(ChatRequest request, SimulatorDirectives directives, long? seed, SimulatedAnswer into)
    {
        into.PromptTokens = request.PromptTokens;
        var root = SimulatorRandom.Mix(request.Seed ^ SimulatorRandom.Mix((ulong)(seed ?? 0)));
        for (var i = 0; i < request.Choices; i++)
        {
            var choice = into.Add();
            choice.Seed = SimulatorRandom.Mix(root + (ulong)i);
            Compose(request, directives, choice);
        }

        into.Total();
    }

    private static void Compose(ChatRequest request, SimulatorDirectives directives, SimulatedChoice choice)
    {
        var random = new SimulatorRandom(choice.Seed);
        var topic = TopicOf(request.Question, ref random);
        var length = directives.Tokens ?? NaturalLength(ref random);
        var reasoning = Math.Min(directives.ReasoningTokens ?? ReasoningLength(request, ref random), MostTokens);
        var left = Math.Min(request.MaxTokens ?? MostTokens, MostTokens);

        Reason(request, choice, topic, ref random, Math.Min(reasoning, left));
        left -= choice.ReasoningTokens;
        var cut = left == 0;
        if (!cut)
        {
            if (request.ToolChoice is ToolChoiceKind.Required or ToolChoiceKind.Named) CallTool(request, choice, topic, ref random);
            else if (request.JsonAnswer) Json(request, choice, topic, ref random, length);
            else Text(request, directives, choice, topic, ref random, Math.Min(length, left + 1));

            Stop(request, choice);
            cut = choice.Content.Count > left;
            choice.Content.CutTokens(left);
        }

        choice.FinishReason = cut ? "length" : choice.ToolName is null ? "stop" : "tool_calls";
    }

    /// <summary>The topic that knows most of the question's words, or any.</summary>
    private static Topic TopicOf(QuestionWords question, ref SimulatorRandom random)
    {
        var best = random.Pick(Topics.All);
        var most = 0;
        foreach (var topic in Topics.All)
        {
            var known = 0;
            for (var i = 0; i < question.Count; i++)
                if (topic.Knows(question[i])) known++;
            if (known <= most) continue;
            (best, most) = (topic, known);
        }

        return best;
    }

    /// <summary>Answers are of very different length, as real ones are: a fifth short, some long.</summary>
    private static int NaturalLength(ref SimulatorRandom random) => random.Below(20) switch
    {
        < 4 => 8 + random.Below(30),
        < 15 => 50 + random.Below(130),
        < 19 => 180 + random.Below(220),
        _ => 400 + random.Below(500),
    };

    private static int ReasoningLength(ChatRequest request, ref SimulatorRandom random)
    {
        var effort = request.Effort ?? (request.Model.StartsWith(ReasonerPrefix, StringComparison.Ordinal) ? "medium" : "none");
        var (least, spread) = effort switch
        {
            "minimal" => (0, 10),
            "low" => (30, 60),
            "medium" => (80, 220),
            "high" => (250, 550),
            "xhigh" => (600, 900),
            _ => (0, 1),
        };
        return least + random.Below(spread);
    }

    private static void Reason(ChatRequest request, SimulatedChoice choice, Topic topic, ref SimulatorRandom random, int tokens)
    {
        if (!request.Model.StartsWith(ReasonerPrefix, StringComparison.Ordinal))
        {
            choice.HiddenReasoning = tokens;
            return;
        }

        TextGrammar.Reasoning(choice.Reasoning, topic, request.Question, ref random, tokens);
        choice.Reasoning.CutTokens(tokens);
    }

    private static void Text(
        ChatRequest request, SimulatorDirectives directives, SimulatedChoice choice, Topic topic, ref SimulatorRandom random, int tokens)
    {
        choice.Content.Append(Marker);
        TextGrammar.Prose(choice.Content, topic, request.Question, ref random, tokens);
        if (directives.Tokens is { } exact) choice.Content.CutTokens(exact);
    }

    private static void CallTool(ChatRequest request, SimulatedChoice choice, Topic topic, ref SimulatorRandom random)
    {
        var tool = request.ToolChoice == ToolChoiceKind.Named ? request.Tools.Find(tool => tool.Name == request.ToolName) : request.Tools[0];
        choice.ToolName = tool.Name;
        choice.ToolCallId = $"call_simulated{random.Next():x16}";
        if (tool.Schema.Equals(default(Range))) choice.Content.Append("{}"u8);
        else WriteSample(request.Body[tool.Schema], request, choice, topic, ref random);
        choice.Content.Tokenize();
    }

    private static void Json(ChatRequest request, SimulatedChoice choice, Topic topic, ref SimulatorRandom random, int tokens)
    {
        if (request.AnswerSchema is { } schema) WriteSample(request.Body[schema], request, choice, topic, ref random);
        else
        {
            using var json = new Utf8JsonWriter(choice.Content);
            var sampler = new SchemaSampler(json, topic, request.Question);
            sampler.WriteAnything(Math.Clamp(tokens / 12, 1, 500), ref random);
        }

        choice.Content.Tokenize();
    }

    private static void WriteSample(ReadOnlyMemory<byte> schema, ChatRequest request, SimulatedChoice choice, Topic topic, ref SimulatorRandom random)
    {
        using var document = JsonDocument.Parse(schema);
        using var json = new Utf8JsonWriter(choice.Content);
        new SchemaSampler(json, topic, request.Question).Write(document.RootElement, ref random);
    }

    /// <summary>Ends the text before the first stop sequence in it.</summary>
    private static void Stop(ChatRequest request, SimulatedChoice choice)
    {
        if (request.Stops.Count == 0 || choice.ToolName is not null) return;
        var end = choice.Content.Bytes.Length;
        foreach (var stop in request.Stops)
        {
            var at = stop.Length == 0 ? -1 : choice.Content.Bytes.IndexOf(stop);
            if (at >= 0) end = Math.Min(end, at);
        }

        if (end < choice.Content.Bytes.Length) choice.Content.CutBytes(end);
    }
}
