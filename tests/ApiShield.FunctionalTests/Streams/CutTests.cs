using System.Text.Json;
using System.Text.RegularExpressions;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Streams;

/// <summary>Under <c>onExhausted: cut</c> no more passes than the quota has, and a cut answer does not look complete.</summary>
public sealed partial class CutTests
{
    [Fact]
    public async Task Stream_OutgrowsTheLimit_EndsWithAnErrorEventAndABrokenConnection()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: out, unit: outputTokens, limit: 40, window: 1h, onExhausted: cut }]");
        var (text, broken) = await ReadUntilBroken(proxy, ChatRequests.Body(model: "sim-chat:tokens=300", stream: true));
        Assert.True(broken, "The answer was cut, but the connection ended as if it were complete.");
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        var last = text.TrimEnd().Split("\n\n")[^1];
        Assert.StartsWith("data: {\"error\":", last, StringComparison.Ordinal);
        using var error = JsonDocument.Parse(last["data: ".Length..]);
        Assert.Equal("rate_limit_exceeded", error.RootElement.GetProperty("error").GetProperty("code").GetString());

        var relayed = Tokens(text);
        Assert.InRange(relayed, 10, 40);
        var state = await proxy.QuotaAsync("out");
        Assert.InRange(state.Used, relayed, 40);
        Assert.Equal(0, state.Held);
        Assert.Equal(1, await proxy.MetricAsync("apishield_streams_cut_total"));
    }

    [Fact]
    public async Task Stream_WithinTheLimit_GrowsPastItsFirstHold()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: out, unit: outputTokens, limit: 10k, window: 1h, onExhausted: cut, maxHold: 5, defaultOutput: 5 }]");
        var answer = await proxy.ChatAsync(ChatRequests.Body(model: "sim-chat:tokens=700", stream: true));
        Assert.Equal(700, Tokens(answer.Text));
        Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal);
        Assert.Equal(700, (await proxy.QuotaAsync("out")).Used);
    }

    [Theory]
    [InlineData("outputTokens")]
    [InlineData("totalTokens")]
    public async Task Streams_Sharing100Tokens_PassNoMoreTogether(string unit)
    {
        await using var proxy = await TestProxy.StartAsync($"version: 1\nquotas: [{{ name: t, unit: {unit}, limit: 100, window: 1h, onExhausted: cut, maxHold: 5 }}]");
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            ReadUntilBroken(proxy, ChatRequests.Body(model: "sim-chat:tokens=60,delay-ms-per-token=2", stream: true))));
        var relayed = answers.Sum(answer => Tokens(answer.Text));
        Assert.InRange(relayed, 20, 100);
        Assert.InRange((await proxy.QuotaAsync("t")).Used, relayed, 100);
    }

    [Theory]
    [InlineData("", 40)]
    [InlineData(",\"max_tokens\":1000", 40)]
    [InlineData(",\"max_completion_tokens\":1000", 40)]
    [InlineData(",\"max_tokens\":500,\"max_completion_tokens\":1000", 40)]
    [InlineData(",\"max_tokens\":null", 40)]
    [InlineData(",\"max_completion_tokens\":null", 40)]
    [InlineData(",\"max_tokens\":null,\"max_completion_tokens\":null", 40)]
    [InlineData(",\"max_tokens\":20", 20)]
    [InlineData(",\"n\":4", 10)]
    [InlineData(",\"n\":4,\"max_tokens\":20", 10)]
    public async Task Whole_AnswerThatCannotBeCut_IsCappedUpstream(string members, int most)
    {
        await using var upstream = await ScriptedUpstream.StartAsync();
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: out, unit: outputTokens, limit: 40, window: 1h, onExhausted: cut }]", upstream.Address);
        Assert.Equal(200, (await proxy.ChatAsync(ChatRequests.Body(more: members))).Status);
        Assert.True(upstream.Received.TryDequeue(out var received));
        using var body = JsonDocument.Parse(received.Body, new JsonDocumentOptions { AllowDuplicateProperties = false });
        var stated = body.RootElement.EnumerateObject()
            .Where(member => member.Name is "max_tokens" or "max_completion_tokens" && member.Value.ValueKind == JsonValueKind.Number)
            .Select(member => member.Value.GetInt32()).ToArray();
        Assert.NotEmpty(stated);
        Assert.Equal(most, stated.Max());
    }

    [Fact]
    public async Task Whole_SeveralAnswers_MakeNoMoreThanTheLimit()
    {
        await using var proxy = await TestProxy.StartAsync("version: 1\nquotas: [{ name: out, unit: outputTokens, limit: 100, window: 1h, onExhausted: cut, defaultOutput: 10 }]");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => proxy.ChatAsync(ChatRequests.Body(model: "sim-chat:tokens=60,delay-ms-per-token=1"))));
        var state = await proxy.QuotaAsync("out");
        Assert.Equal(proxy.Upstream.Total.CompletionTokens, state.Used);
        Assert.InRange(state.Used, 30, 100);
    }

    /// <summary>Content events, of which each is one token of the simulator.</summary>
    private static int Tokens(string text) => Content().Count(text);

    private static async Task<(string Text, bool Broken)> ReadUntilBroken(TestProxy proxy, string body)
    {
        using var request = ChatRequests.Post(body);
        using var response = await proxy.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using var read = new MemoryStream();
        var broken = false;
        try
        {
            await stream.CopyToAsync(read, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            broken = true;
        }
        return (System.Text.Encoding.UTF8.GetString(read.ToArray()), broken);
    }

    [GeneratedRegex("\"delta\":\\{\"content\":\"[^\"]")]
    private static partial Regex Content();
}
