using System.Buffers;
using System.Text;
using ApiShield.Dialects;
using ApiShield.Dialects.OpenAI;
using BenchmarkDotNet.Attributes;

namespace ApiShield.Benchmarks.Engine;

/// <summary>Reading answers, and the patches of requests.</summary>
public class StreamBenchmarks
{
    private readonly OpenAIChat _dialect = new();
    private readonly RequestFacts _facts = new();
    private readonly ResponseReader _reader;
    private SseScanner _scanner;

    private readonly byte[] _event = Encoding.ASCII.GetBytes(
        """data: {"id":"chatcmpl-benchmark","object":"chat.completion.chunk","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}""" + "\n\n");

    private readonly byte[] _whole = Encoding.ASCII.GetBytes(
        $$$$"""{"id":"chatcmpl-benchmark","object":"chat.completion","created":1750000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"{{{{new string('a', 600)}}}}"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":150,"completion_tokens":70,"total_tokens":220}}""");

    public StreamBenchmarks()
    {
        _facts.Generates = true;
        _facts.Stream = true;
        _reader = _dialect.RentReader();
        _reader.Start(_facts);
    }

    /// <summary>Its end is found and it is read.</summary>
    [Benchmark, Budget(0, LeastPerSecond = 200_000)]
    public bool ReadEvent() => _scanner.FindEnd(_event) == _event.Length && _reader.ReadEvent(_event) == EventFate.Relay
        ? true
        : throw new InvalidOperationException("The event is whole.");

    /// <summary>An answer of 0.9 KB that is no stream.</summary>
    [Benchmark, Budget(0)]
    public long ReadWholeAnswer()
    {
        _reader.ReadBody(new ReadOnlySequence<byte>(_whole));
        return _reader.Reported!.Value.Output;
    }

    /// <summary>The bound on the answer is lowered where the request states it.</summary>
    [Benchmark, Budget(64)]
    public int CapOutput()
    {
        _facts.Patches.Clear();
        _facts.MaxTokensAt = (100, 3);
        _dialect.CapOutput(_facts, 200);
        return _facts.Patches.Count;
    }
}
