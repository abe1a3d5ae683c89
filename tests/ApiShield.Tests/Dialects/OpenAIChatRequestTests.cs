using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using ApiShield.Dialects;
using ApiShield.Dialects.OpenAI;
using Xunit;

namespace ApiShield.Tests.Dialects;

public sealed class OpenAIChatRequestTests
{
    private const string Messages = """ "messages":[{"role":"user","content":"Hi"}]""";

    private readonly OpenAIChat _dialect = new();
    private readonly RequestFacts _facts = new();

    [Fact]
    public void Inspect_AllControls_ReadsThem()
    {
        var error = Inspect($$"""{"model":"m-1","n":3,"max_tokens":10,"max_completion_tokens":20,"stream":true,"stream_options":{"include_usage":true},{{Messages}} }""");

        Assert.Null(error);
        Assert.Equal(("m-1", 3, 20L, true, true, true), (_facts.Model, _facts.Choices, _facts.MaxOutputTokens, _facts.Stream, _facts.UsageRequested, _facts.Generates));
        Assert.Empty(_facts.Patches);
    }

    [Fact]
    public void Inspect_ControlsAfterTheMessages_ReadsThem()
    {
        Assert.Null(Inspect($$"""{ {{Messages}}, "max_tokens": 7, "model": "late"}"""));
        Assert.Equal(("late", 7L), (_facts.Model, _facts.MaxOutputTokens));
    }

    [Fact]
    public void Inspect_EscapedNames_AreControlsAllTheSame()
    {
        Assert.Null(Inspect($$"""{"\u006dodel":"m","\u006d\u0061\u0078\u005f\u0063\u006f\u006d\u0070\u006c\u0065\u0074\u0069\u006f\u006e\u005f\u0074\u006f\u006b\u0065\u006e\u0073":5,{{Messages}}}"""));
        Assert.Equal(("m", 5L), (_facts.Model, _facts.MaxOutputTokens));
    }

    [Theory]
    [InlineData("", "invalid_json")]
    [InlineData("[]", "invalid_json")]
    [InlineData("{", "invalid_json")]
    [InlineData("""{"model":"m","messages":[]} x""", "invalid_json")]
    [InlineData("""{"model":"m","messages":[],"messages":[]}""", "duplicate_parameter")]
    [InlineData("""{"model":"m","\u006dodel":"n","messages":[]}""", "duplicate_parameter")]
    [InlineData("""{"model":"m","Model":"n","messages":[]}""", "unknown_parameter")]
    [InlineData("""{"model":"m","messages":[],"MAX_TOKENS":1}""", "unknown_parameter")]
    [InlineData("""{"messages":[]}""", "missing_required_parameter")]
    [InlineData("""{"model":"m"}""", "missing_required_parameter")]
    [InlineData("""{"model":7,"messages":[]}""", "invalid_type")]
    [InlineData("""{"model":"","messages":[]}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":"hi"}""", "invalid_type")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":-1}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":0}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":1e308}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":[],"max_tokens":"9"}""", "invalid_type")]
    [InlineData("""{"model":"m","messages":[],"n":129}""", "invalid_value")]
    [InlineData("""{"model":"m","messages":[],"stream":"yes"}""", "invalid_type")]
    [InlineData("""{"model":"m","messages":[],"stream_options":[]}""", "invalid_type")]
    [InlineData("""{"model":"m","messages":[],"stream_options":{"include_usage":true,"include_usage":false}}""", "duplicate_parameter")]
    public void Inspect_Wrong_SaysWhy(string body, string code) => Assert.Equal(code, Inspect(body)?.Code);

    [Fact]
    public void Inspect_TooDeep_IsInvalid()
    {
        var nested = new string('[', 10_000) + new string(']', 10_000);
        Assert.Equal("invalid_json", Inspect($$"""{"model":"m","messages":[{{nested}}]}""")?.Code);
    }

    [Theory]
    [InlineData("""{"model":"m","stream":true,MESSAGES}""")]
    [InlineData("""{"stream_options":null,"model":"m","stream":true,MESSAGES}""")]
    [InlineData("""{"model":"m",MESSAGES,"stream":true,"stream_options": { } }""")]
    [InlineData("""{"model":"m",MESSAGES,"stream":true,"stream_options":{"include_obfuscation":false}}""")]
    [InlineData("""{"model":"m",MESSAGES,"stream":true,"stream_options":{"include_usage":false}}""")]
    [InlineData("""{"model":"m",MESSAGES,"stream":true,"stream_options":{"include_usage":null,"x":[1]}}""")]
    public void Inspect_StreamThatReportsNoUsage_PatchAsksForIt(string body)
    {
        body = body.Replace("MESSAGES", Messages, StringComparison.Ordinal);
        Assert.Null(Inspect(body));
        Assert.False(_facts.UsageRequested);

        var patched = JsonNode.Parse(Patch(body))!.AsObject();
        Assert.True((bool)patched["stream_options"]!["include_usage"]!);

        // Nothing else has changed.
        var original = JsonNode.Parse(body)!.AsObject();
        foreach (var json in (JsonObject[])[patched, original])
        {
            if (json["stream_options"] is JsonObject options && options.Remove("include_usage") && options.Count == 0) json.Remove("stream_options");
            else if (json["stream_options"] is null or JsonObject { Count: 0 }) json.Remove("stream_options");
        }
        Assert.True(JsonNode.DeepEquals(original, patched));
    }

    [Fact]
    public void Inspect_NotStreamed_ChangesNothing()
    {
        Assert.Null(Inspect($$"""{"model":"m",{{Messages}},"stream":false}"""));
        Assert.Empty(_facts.Patches);
    }

    [Theory]
    [InlineData("""{"model":"m",MESSAGES}""", null, 5)]
    [InlineData("""{"model":"m","max_tokens":900,MESSAGES}""", 5, null)]
    [InlineData("""{"max_completion_tokens":900,"model":"m","max_tokens":800,MESSAGES}""", 5, 5)]
    public void CapOutput_Body_LowersOrAddsTheMaximum(string body, int? maxTokens, int? maxCompletionTokens)
    {
        body = body.Replace("MESSAGES", Messages, StringComparison.Ordinal);
        Assert.Null(Inspect(body));
        _dialect.CapOutput(_facts, 5);

        var patched = JsonNode.Parse(Patch(body))!;
        Assert.Equal(maxTokens, (int?)patched["max_tokens"]);
        Assert.Equal(maxCompletionTokens, (int?)patched["max_completion_tokens"]);
    }

    [Fact]
    public void Inspect_EmbeddedImage_CountsAsMediumNotAsText()
    {
        var image = "data:image/png;base64," + new string('A', 100_000);
        Assert.Null(Inspect("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"IMAGE"}}]}]}""".Replace("IMAGE", image, StringComparison.Ordinal)));
        Assert.Equal(1, _facts.Media);
        Assert.InRange(_facts.TextBytes, 1, 100);
    }

    [Fact]
    public void Inspect_InManySegments_ReadsTheSame()
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"m-1","max_tokens":77,{{Messages}},"stream":true,"stream_options":{"include_usage":false} }""");
        Assert.Null(_dialect.Inspect(new ReadOnlySequence<byte>(body), _facts));
        var whole = (_facts.Model, _facts.MaxOutputTokens, _facts.TextBytes, _facts.Patches[0].Offset, _facts.Patches[0].Removed);
        for (var size = 1; size < body.Length; size++)
        {
            _facts.Clear();
            Assert.Null(_dialect.Inspect(Sequences.Of(body, size), _facts));
            Assert.Equal(whole, (_facts.Model, _facts.MaxOutputTokens, _facts.TextBytes, _facts.Patches[0].Offset, _facts.Patches[0].Removed));
        }
    }

    private InspectionError? Inspect(string body) => _dialect.Inspect(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)), _facts);

    private string Patch(string body)
    {
        var bytes = new List<byte>();
        var source = Encoding.UTF8.GetBytes(body);
        var at = 0;
        foreach (var patch in _facts.Patches)
        {
            bytes.AddRange(source[at..(int)patch.Offset]);
            bytes.AddRange(patch.Inserted.ToArray());
            at = (int)patch.Offset + patch.Removed;
        }
        bytes.AddRange(source[at..]);
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
