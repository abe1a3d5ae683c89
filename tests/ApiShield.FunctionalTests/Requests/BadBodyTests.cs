using System.Text;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Requests;

/// <summary>Bodies that no honest client sends: each is refused in the shape of the API, and costs nothing; or goes on byte for byte.</summary>
public sealed class BadBodyTests
{
    private const string Rules = """
        version: 1
        quotas:
          - { name: requests, unit: requests, limit: 1000, window: 1h }
          - { name: tokens, unit: totalTokens, limit: 100M, window: 1h }
          - { name: slots, unit: concurrentRequests, limit: 10 }
        """;

    private const string Message = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

    /// <summary>Bodies, the status they get and the member that the error names.</summary>
    private static IEnumerable<(string Name, byte[] Body, int Status, string? Parameter)> Refused()
    {
        static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
        var fine = ChatRequests.Body();
        yield return ("empty", [], 400, null);
        yield return ("blanks", Utf8(" \n "), 400, null);
        yield return ("not JSON", Utf8("model=gpt&messages=hello"), 400, null);
        yield return ("array", Utf8($"[{fine}]"), 400, null);
        yield return ("text", Utf8("\"model\""), 400, null);
        yield return ("number", Utf8("1"), 400, null);
        yield return ("unfinished", Utf8(fine[..^1]), 400, null);
        yield return ("more behind it", Utf8(fine + fine), 400, null);
        yield return ("trailing comma", Utf8(fine[..^1] + ",}"), 400, null);
        yield return ("comment", Utf8("/* */" + fine), 400, null);
        yield return ("single quotes", Utf8(fine.Replace('"', '\'')), 400, null);
        yield return ("byte order mark", [0xEF, 0xBB, 0xBF, .. Utf8(fine)], 400, null);
        yield return ("UTF-16", Encoding.Unicode.GetBytes(fine), 400, null);
        yield return ("UTF-16 with mark", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(fine)], 400, null);
        yield return ("UTF-32", Encoding.UTF32.GetBytes(fine), 400, null);
        yield return ("NUL bytes", new byte[4096], 400, null);
        yield return ("10,000 levels of arrays", Utf8($"{{\"model\":\"m\",\"messages\":{new string('[', 10_000)}{new string(']', 10_000)}}}"), 400, null);
        yield return ("10,000 levels of objects", Utf8($"{{\"model\":\"m\",{Message},\"x\":{string.Concat(Enumerable.Repeat("{\"a\":", 10_000))}1{new string('}', 10_000)}}}"), 400, null);
        yield return ("10,000 levels without end", Utf8(new string('[', 10_000)), 400, null);

        foreach (var (name, value) in (IEnumerable<(string, string)>)
            [("model", "\"m\""), ("messages", "[]"), ("stream", "true"), ("stream_options", "{}"), ("max_tokens", "1"), ("max_completion_tokens", "1"), ("n", "1")])
        {
            var once = name is "model" or "messages" ? "" : $",\"{name}\":{value}";
            yield return ($"{name} twice", Utf8($"{{\"model\":\"m\",{Message}{once},\"{name}\":{value}}}"), 400, name);
            var escaped = $"{name[..^1]}\\u{(int)name[^1]:x4}";
            yield return ($"{name} twice, once escaped", Utf8($"{{\"model\":\"m\",{Message}{once},\"{escaped}\":{value}}}"), 400, name);
            var shouted = name.ToUpperInvariant();
            yield return ($"{name} in capitals", Utf8($"{{\"model\":\"m\",{Message},\"{shouted}\":{value}}}"), 400, shouted);
            yield return ($"{name} in capitals and escaped", Utf8($"{{\"model\":\"m\",{Message},\"\\u{(int)shouted[0]:x4}{shouted[1..]}\":{value}}}"), 400, shouted);
        }

        // Readers that fold case by Unicode (Go's, for one) take these letters for s and k.
        yield return ("stream with a long s", Utf8($"{{\"model\":\"m\",{Message},\"\u017Ftream\":true}}"), 400, "\u017Ftream");
        yield return ("max_tokens with a Kelvin sign", Utf8($"{{\"model\":\"m\",{Message},\"max_to\u212Aens\":9}}"), 400, "max_to\u212Aens");

        yield return ("invalid UTF-8 in a name", [.. Utf8($"{{\"model\":\"m\",{Message},\""), 0xFF, 0xC0, .. Utf8("\":1}")], 400, null);
        yield return ("half a surrogate pair in model", Utf8($"{{\"model\":\"\\ud800\",{Message}}}"), 400, null);
        yield return ("half a surrogate pair in a name", Utf8($"{{\"model\":\"m\",{Message},\"\\ud800\":1}}"), 400, null);
        yield return ("invalid UTF-8 in model", [.. Utf8("{\"model\":\""), 0xC3, 0x28, .. Utf8($"\",{Message}}}")], 400, null);

        yield return ("no model", Utf8($"{{{Message}}}"), 400, "model");
        yield return ("no messages", Utf8("{\"model\":\"m\"}"), 400, "messages");
        yield return ("model of 1 MB", Utf8($"{{\"model\":\"{new string('m', 1 << 20)}\",{Message}}}"), 400, "model");
        foreach (var model in (IEnumerable<string>)["\"\"", "null", "1", "[]", "{}", "true"])
            yield return ($"model {model}", Utf8($"{{\"model\":{model},{Message}}}"), 400, "model");
        foreach (var messages in (IEnumerable<string>)["null", "\"Hi\"", "{}", "1"])
            yield return ($"messages {messages}", Utf8($"{{\"model\":\"m\",\"messages\":{messages}}}"), 400, "messages");
        foreach (var member in (IEnumerable<string>)["max_tokens", "max_completion_tokens", "n"])
            foreach (var value in (IEnumerable<string>)["0", "-1", "-9223372036854775808", "1e308", "1e400", "1.5", "9223372036854775808", "\"5\"", "[]", "{}", "true", "1e9"])
                yield return ($"{member} {value}", Utf8($"{{\"model\":\"m\",{Message},\"{member}\":{value}}}"), 400, member);
        yield return ("n 1000000000", Utf8($"{{\"model\":\"m\",{Message},\"n\":1000000000}}"), 400, "n");
        foreach (var value in (IEnumerable<string>)["\"true\"", "1", "[]", "{}"])
            yield return ($"stream {value}", Utf8($"{{\"model\":\"m\",{Message},\"stream\":{value}}}"), 400, "stream");
        foreach (var value in (IEnumerable<string>)["true", "\"a\"", "[]", "7"])
            yield return ($"stream_options {value}", Utf8($"{{\"model\":\"m\",{Message},\"stream\":true,\"stream_options\":{value}}}"), 400, "stream_options");
        yield return ("include_usage twice", Utf8($"{{\"model\":\"m\",{Message},\"stream\":true,\"stream_options\":{{\"include_usage\":false,\"include_usage\":true}}}}"), 400, "stream_options.include_usage");
        yield return ("include_usage text", Utf8($"{{\"model\":\"m\",{Message},\"stream\":true,\"stream_options\":{{\"include_usage\":\"no\"}}}}"), 400, "stream_options.include_usage");

        yield return ("max_tokens 0 behind 20 MB", Utf8($"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{new string('a', 20 << 20)}\"}}],\"model\":\"m\",\"max_tokens\":0}}"), 400, "max_tokens");
        yield return ("no model behind 20 MB", Utf8($"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{new string('a', 20 << 20)}\"}}]}}"), 400, "model");
        yield return ("50 MB", Utf8(ChatRequests.Body(new string('a', 50 << 20))), 413, null);
    }

    /// <summary>Unusual bodies that are fine: the upstream has to receive them as they are.</summary>
    private static IEnumerable<(string Name, byte[] Body)> Forwarded()
    {
        static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
        yield return ("plain", Utf8(ChatRequests.Body()));
        yield return ("blanks all around", Utf8("\r\n\t {\r\n \"model\" :\t\"m\" ,\n" + Message + "\n}\n\n "));
        yield return ("escaped names", Utf8("{\"mod\\u0065l\":\"m\",\"\\u006d\\u0065\\u0073\\u0073\\u0061\\u0067\\u0065\\u0073\":[]}"));
        yield return ("unknown members", Utf8($"{{\"x\":{{\"model\":1,\"model\":2}},\"model\":\"m\",{Message},\"x\":null,\"X-Y\":[1e308,-0.0,1E-5]}}"));
        yield return ("members of messages twice", Utf8("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"role\":\"user\",\"content\":\"a\",\"MODEL\":\"b\"}]}"));
        yield return ("200 levels", Utf8($"{{\"model\":\"m\",{Message},\"x\":{new string('[', 200)}{new string(']', 200)}}}"));
        yield return ("nulls", Utf8($"{{\"model\":\"m\",{Message},\"max_tokens\":null,\"max_completion_tokens\":null,\"n\":null,\"stream\":null,\"stream_options\":null}}"));
        yield return ("n 1", Utf8($"{{\"model\":\"m\",{Message},\"n\":1}}"));
        yield return ("surrogates", Utf8($"{{\"model\":\"m-\\ud83d\\ude00\",{Message}}}"));
        yield return ("invalid UTF-8 in a message", [.. Utf8("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""), 0xFF, 0xC3, 0x28, .. Utf8("\"}]}")]);
        yield return ("100 KB of one letter", Utf8(ChatRequests.Body(new string('a', 100_000))));
        yield return ("model and max_tokens behind 20 MB", Utf8($"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{new string('a', 20 << 20)}\"}}],\"max_tokens\":7,\"model\":\"m\"}}"));
        yield return ("a name of 1 MB", Utf8($"{{\"{new string('n', 1 << 20)}\":1,\"model\":\"m\",{Message}}}"));
        yield return ("a number of 100 KB", Utf8($"{{\"model\":\"m\",{Message},\"seed\":{new string('9', 100_000)}}}"));
        yield return ("100,000 members", Utf8($"{{{string.Concat(Enumerable.Range(0, 100_000).Select(i => $"\"m{i}\":0,"))}\"model\":\"m\",{Message}}}"));
    }

    [Fact]
    public async Task Body_NotAcceptable_IsRefusedInShapeAndCostsNothing()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        Assert.All(Refused(), bad => bad.Name.ToString());
        foreach (var (name, body, status, parameter) in Refused())
        {
            var answer = await Send(proxy, name, body);
            try
            {
                answer.AssertOpenAIError(status);
                Assert.Equal("invalid_request_error", answer.Error.GetProperty("type").GetString());
                Assert.Equal(parameter, answer.Error.GetProperty("param").GetString());
                Assert.Equal("false", answer["x-should-retry"]);
            }
            catch (Exception wrong) when (wrong is not OperationCanceledException)
            {
                throw new InvalidOperationException($"{name}: {answer.Status} {answer.Text}", wrong);
            }
        }

        Assert.Empty(upstream.Received);
        foreach (var rule in (IEnumerable<string>)["requests", "tokens", "slots"])
        {
            var state = await proxy.QuotaAsync(rule);
            Assert.Equal((0, 0), (state.Used, state.Held));
        }
        Assert.Empty(proxy.LogOutput.Problems);
    }

    [Fact]
    public async Task Body_UnusualButFine_ArrivesByteForByte()
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync(Rules, upstream.Address);
        foreach (var (name, body) in Forwarded())
        {
            foreach (var chunked in (IEnumerable<bool>)[false, true])
            {
                var answer = await proxy.ChatAsync(body, more: request => request.Headers.TransferEncodingChunked = chunked);
                Assert.True(answer.Status == 200, $"{name}: {answer.Status} {answer.Text}");
                Assert.True(upstream.Received.TryDequeue(out var received));
                Assert.True(body.AsSpan().SequenceEqual(received.Body), $"{name}: {body.Length} bytes became {received.Body.Length}");
                Assert.Equal(chunked ? null : body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), received["content-length"]);
            }
        }
        Assert.Empty(proxy.LogOutput.Problems);
    }

    private static async Task<ChatAnswer> Send(TestProxy proxy, string name, byte[] body)
    {
        try
        {
            return await proxy.ChatAsync(body);
        }
        catch (HttpRequestException broken)
        {
            throw new InvalidOperationException($"{name}: no answer", broken);
        }
    }
}
