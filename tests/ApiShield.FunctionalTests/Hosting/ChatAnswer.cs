using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>An answer read to its end.</summary>
internal sealed record ChatAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The body's <c>error</c>.</summary>
    public JsonElement Error => Json.GetProperty("error");

    /// <summary>A header, or null.</summary>
    public string? this[string header] => Headers.GetValueOrDefault(header);

    public static async Task<ChatAnswer> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new ChatAnswer((int)response.StatusCode, headers, body);
    }

    /// <summary>Holds the answer to be an error in the shape of OpenAI's API.</summary>
    public ChatAnswer AssertOpenAIError(int status)
    {
        Assert.True(status == Status, $"{(HttpStatusCode)Status} instead of {status}: {(Text.Length > 500 ? Text[..500] : Text)}");
        Assert.Equal("application/json", this["content-type"]);
        Assert.StartsWith("req_", this["x-request-id"], StringComparison.Ordinal);
        Assert.Equal(["message", "type", "param", "code"], Error.EnumerateObject().Select(member => member.Name));
        Assert.False(string.IsNullOrWhiteSpace(Error.GetProperty("message").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(Error.GetProperty("type").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(Error.GetProperty("code").GetString()));
        return this;
    }
}
