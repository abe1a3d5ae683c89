using System.Buffers;
using ApiShield.Dialects;
using ApiShield.Dialects.OpenAI;
using BenchmarkDotNet.Attributes;

namespace ApiShield.Benchmarks.Engine;

/// <summary>Reading request bodies.</summary>
public class InspectionBenchmarks
{
    private readonly OpenAIChat _dialect = new();
    private readonly RequestFacts _facts = new();
    private byte[] _body = [];

    /// <summary>Bytes of the body; the budgets are for any size.</summary>
    [Params(1024, 100 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Write() => _body = ChatBodies.OfSize(Size, stream: true);

    /// <summary>A streamed chat whose usage is not asked for: read, and patched to ask.</summary>
    [Benchmark, Budget(0)]
    public long InspectChat()
    {
        _facts.Clear();
        if (_dialect.Inspect(new ReadOnlySequence<byte>(_body), _facts) is not null) throw new InvalidOperationException("The body is sound.");
        return _facts.Patches.Count == 1 ? _facts.TextBytes : throw new InvalidOperationException("The body has to be patched.");
    }
}
