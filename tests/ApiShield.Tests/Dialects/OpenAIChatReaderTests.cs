using System.Text;
using ApiShield.Dialects;
using ApiShield.Dialects.OpenAI;
using Xunit;

namespace ApiShield.Tests.Dialects;

public sealed class OpenAIChatReaderTests
{
    private const string Usage = """{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":5}}""";

    private readonly RequestFacts _facts = new() { Stream = true };
    private readonly OpenAIChatReader _reader = new();

    public OpenAIChatReaderTests() => _reader.Start(_facts);

    [Fact]
    public void ReadEvent_UsageChunkNobodyAskedFor_IsDroppedAndRead()
    {
        Assert.Equal(EventFate.Drop, Read($$"""data: {"id":"c","choices":[],"usage":{{Usage}}}"""));
        Assert.Equal(new Usage(11, 7), _reader.Reported);
        Assert.Equal(0, _reader.OutputEvents);
    }

    [Fact]
    public void ReadEvent_UsageChunkAskedFor_IsRelayed()
    {
        _facts.UsageRequested = true;
        Assert.Equal(EventFate.Relay, Read($$"""data: {"choices":[],"usage":{{Usage}}}"""));
    }

    [Theory]
    [InlineData("""data: {"choices":[],"usage":null,"prompt_filter_results":[]}""")]
    [InlineData("""data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}""")]
    [InlineData("data: [DONE]")]
    [InlineData(": keep-alive")]
    [InlineData("data: {not json")]
    [InlineData("data:")]
    public void ReadEvent_AnythingElse_IsRelayed(string text) => Assert.Equal(EventFate.Relay, Read(text));

    [Fact]
    public void ReadEvent_DeltasOfAllKinds_CountsTheirText()
    {
        Read("""data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}""");
        Assert.Equal((0L, 0L), (_reader.OutputEvents, _reader.OutputBytes));
        Read("""data: {"choices":[{"index":0,"delta":{"content":"abc"},"logprobs":{"content":[{"token":"abc","logprob":-0.1}]}}]}""");
        Read("""data: {"choices":[{"index":1,"delta":{"reasoning_content":"defg"}}]}""");
        Read("""data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}""");
        Assert.Equal((3L, 10L), (_reader.OutputEvents, _reader.OutputBytes));
    }

    [Fact]
    public void ReadEvent_ErrorObject_IsNoticed()
    {
        Read("""data: {"error":{"message":"overloaded"}}""");
        Assert.True(_reader.UpstreamError);
    }

    [Fact]
    public void ReadBody_InAnySegments_FindsUsageAndText()
    {
        var body = Encoding.UTF8.GetBytes($$$"""{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hello","refusal":null}}],"usage":{{{Usage}}}}""");
        for (var size = 1; size <= body.Length; size++)
        {
            _reader.Start(_facts);
            _reader.ReadBody(Sequences.Of(body, size));
            Assert.Equal((new Usage(11, 7), 5L), (_reader.Reported, _reader.OutputBytes));
        }
    }

    [Fact]
    public void ReadEvent_Steady_AllocatesNothing()
    {
        var bytes = Encoding.UTF8.GetBytes("""data: {"choices":[{"index":0,"delta":{"content":"abc"},"finish_reason":null}],"usage":null}""" + "\n\n");
        for (var i = 0; i < 100; i++) _reader.ReadEvent(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) _reader.ReadEvent(bytes);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private EventFate Read(string text) => _reader.ReadEvent(Encoding.UTF8.GetBytes(text + "\n\n"));
}
