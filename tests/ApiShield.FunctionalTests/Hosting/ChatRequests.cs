using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace ApiShield.FunctionalTests.Hosting;

/// <summary>Chat completion requests as the tests send them.</summary>
internal static class ChatRequests
{
    /// <summary>Posts a body to the chat endpoint.</summary>
    public static HttpRequestMessage Post(string body, string? key = "test-key") => Post(Encoding.UTF8.GetBytes(body), key);

    /// <summary>Posts a body to the chat endpoint.</summary>
    public static HttpRequestMessage Post(byte[] body, string? key = "test-key")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    /// <summary>A small request.</summary>
    public static string Body(string text = "Hello", int? maxTokens = null, bool stream = false, string model = "sim-small", string more = "") =>
        string.Create(CultureInfo.InvariantCulture,
            $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{text}}"}]{{(maxTokens is null ? "" : $",\"max_tokens\":{maxTokens}")}}{{(stream ? ",\"stream\":true" : "")}}{{more}}}""");
}
