using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Requests;

/// <summary>What reading a body costs: no body is a way to buy processor time.</summary>
[Collection(Alone)]
public sealed class InspectionCostTests
{
    /// <summary>Name of the collection whose tests run while no others do.</summary>
    public const string Alone = "alone";

    private const int MostMillisecondsAMegabyte = 50;
    private const string Rules = "version: 1\nquotas: [{ name: t, unit: totalTokens, limit: 1000M, window: 1h }]";

    public static TheoryData<string> Kinds => ["letter", "words", "escapes", "members", "numbers", "nesting", "deep and refused", "brackets", "names", "media", "gzip bomb", "duplicate at the end"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Body_OfThisKind_CostsLessThan50MillisecondsAMegabyte(string kind)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var body = Make(kind);
        var isEncoded = kind == "gzip bomb";
        for (var i = 0; i < 3; i++) await SendAsync(); // Not to count what only the first ones cost.

        // The least of several batches: whatever else the machine does only adds.
        var times = Math.Max(1, (4 << 20) / body.Length);
        var least = double.MaxValue;
        for (var batch = 0; batch < 4; batch++)
        {
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            for (var i = 0; i < times; i++) await SendAsync();
            least = Math.Min(least, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds);
        }
        var megabytes = (double)times * body.Length / (1 << 20);
        Assert.True(least / megabytes < MostMillisecondsAMegabyte, $"{kind}: {least:f0} ms for {megabytes:f1} MB");

        async Task SendAsync()
        {
            var answer = await proxy.ChatAsync(body, more: isEncoded ? static request => request.Content!.Headers.Add("Content-Encoding", "gzip") : null);
            Assert.InRange(answer.Status, 200, 499);
        }
    }

    private static byte[] Make(string kind)
    {
        const int size = 4 << 20;
        static string Repeat(string text) => string.Concat(Enumerable.Repeat(text, size / text.Length));
        var text = kind switch
        {
            "letter" => ChatRequests.Body(new string('a', size)),
            "words" => ChatRequests.Body(Repeat("the quick brown fox ")),
            "escapes" => ChatRequests.Body(Repeat("\\u0061\\n\\\"")),
            "members" => $"{{{Repeat("\"a\":1,")}\"model\":\"m\",\"messages\":[]}}",
            "numbers" => $"{{\"model\":\"m\",\"messages\":[],\"x\":[{Repeat("1e9,")}1]}}",
            "nesting" => $"{{\"model\":\"m\",\"messages\":[],\"x\":[{Repeat(new string('[', 200) + new string(']', 200) + ",")}1]}}",
            "deep and refused" => new string('[', size),
            "brackets" => $"{{\"model\":\"m\",\"messages\":[{Repeat("[],")}[]]}}",
            "names" => $"{{{Repeat("\"max_token\\u007a\":1,")}\"model\":\"m\",\"messages\":[]}}",
            "media" => ChatRequests.Body($"data:image/png;base64,{Repeat("QUJD")}"),
            "duplicate at the end" => $"{{\"model\":\"m\",\"messages\":[{Repeat("\"a\",")}\"a\"],\"model\":\"m\"}}",
            _ => "",
        };
        if (text.Length > 0) return Encoding.UTF8.GetBytes(text);

        // A megabyte of it would be a gigabyte: the decoder has to stop long before.
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Fastest, leaveOpen: true))
            for (var i = 0; i < 256; i++) gzip.Write(new byte[1 << 20]);
        return bomb.ToArray();
    }
}
