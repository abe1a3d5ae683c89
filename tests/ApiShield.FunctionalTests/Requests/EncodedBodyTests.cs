using System.IO.Compression;
using System.Text;
using System.Text.Json;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Requests;

/// <summary>Compressed bodies: understood within limits, refused where they cannot be read, never a way round the inspection.</summary>
public sealed class EncodedBodyTests
{
    private const string Rules = "version: 1\nquotas: [{ name: r, unit: requests, limit: 1000, window: 1h }, { name: t, unit: totalTokens, limit: 100M, window: 1h }]";

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZip")]
    [InlineData("x-gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task Body_Encoded_GoesOnByteForByte(string encoding)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var body = Encode(Encoding.UTF8.GetBytes(ChatRequests.Body(new string('a', 300_000))), encoding);
        Assert.Equal(200, (await Send(proxy, body, encoding)).Status);
        Assert.True(upstream.Received.TryDequeue(out var received));
        Assert.Equal(body, received.Body);
        Assert.Equal(encoding, received["content-encoding"]);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Body_EncodedThatMustChange_GoesOnDecoded(string encoding)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        Assert.Equal(200, (await Send(proxy, Encode(Encoding.UTF8.GetBytes(ChatRequests.Body(stream: true)), encoding), encoding)).Status);
        Assert.True(upstream.Received.TryDequeue(out var received));
        Assert.Null(received["content-encoding"]);
        using var body = JsonDocument.Parse(received.Body);
        Assert.True(body.RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
    }

    public static TheoryData<string, string, int> Bad => new()
    {
        { "zstd", "zstd", 415 },
        { "twice", "gzip, gzip", 415 },
        { "list", "identity, gzip", 415 },
        { "nonsense", new string('x', 500), 415 },
        { "aws", "aws-chunked", 415 },
        { "not gzip", "gzip", 400 },
        { "not br", "br", 400 },
        { "not deflate", "deflate", 400 },
        { "half gzip", "gzip", 400 },
        { "half br", "br", 400 },
        { "half deflate", "deflate", 400 },
        { "gzip of half JSON", "gzip", 400 },
        { "two gzip members", "gzip", 400 },
        { "nothing", "gzip", 400 },
        { "bomb gzip", "gzip", 413 },
        { "bomb br", "br", 413 },
        { "bomb deflate", "deflate", 413 },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Body_EncodedBadly_IsRefusedAndCostsNothing(string kind, string encoding, int status)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        var fine = Encoding.UTF8.GetBytes(ChatRequests.Body("Hello, how are you today?"));
        var body = kind switch
        {
            "zstd" or "nonsense" or "aws" => fine,
            "twice" => Encode(Encode(fine, "gzip"), "gzip"),
            "list" => Encode(fine, "gzip"),
            "gzip of half JSON" => Encode(fine[..^9], "gzip"),
            "two gzip members" => [.. Encode(fine, "gzip"), .. Encode(fine, "gzip")],
            "nothing" => [],
            _ when kind.StartsWith("not ", StringComparison.Ordinal) => fine,
            _ when kind.StartsWith("half ", StringComparison.Ordinal) => Encode(fine, encoding) is var whole ? whole[..(whole.Length / 2)] : [],
            _ => Encode(Encoding.UTF8.GetBytes(ChatRequests.Body(new string('a', 200 << 20))), encoding),
        };
        (await Send(proxy, body, encoding)).AssertOpenAIError(status);
        Assert.Empty(upstream.Received);
        Assert.Equal(0, (await proxy.QuotaAsync("r")).Used);
        Assert.Equal((0, 0), ((await proxy.QuotaAsync("t")).Used, (await proxy.QuotaAsync("t")).Held));
        Assert.Empty(proxy.LogOutput.Problems);
    }

    [Fact]
    public async Task Body_GzipNamedInConnection_IsReadAsItGoesOn()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        using var request = ChatRequests.Post(Encode(Encoding.UTF8.GetBytes(ChatRequests.Body()), "gzip"));
        request.Content!.Headers.Add("Content-Encoding", "gzip");
        request.Headers.Connection.Add("Content-Encoding");
        (await proxy.SendAsync(request)).AssertOpenAIError(400);
        Assert.Empty(upstream.Received);
    }

    private static Task<ChatAnswer> Send(TestProxy proxy, byte[] body, string encoding) =>
        proxy.ChatAsync(body, more: request => request.Content!.Headers.TryAddWithoutValidation("Content-Encoding", encoding));

    private static byte[] Encode(byte[] body, string encoding)
    {
        using var encoded = new MemoryStream();
        using (Stream encoder = encoding switch
        {
            "br" => new BrotliStream(encoded, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(encoded, CompressionLevel.Fastest, leaveOpen: true),
            "identity" => new BufferedStream(encoded),
            _ => new GZipStream(encoded, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            encoder.Write(body);
            encoder.Flush();
            if (encoding == "identity") return encoded.ToArray();
        }
        return encoded.ToArray();
    }
}
