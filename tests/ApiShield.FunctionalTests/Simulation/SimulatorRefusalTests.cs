using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace ApiShield.FunctionalTests.Simulation;

/// <summary>What the simulator refuses, and how it says so.</summary>
public sealed class SimulatorRefusalTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hello there\"}]";

    [Theory]
    [InlineData("", null, null)]
    [InlineData("not json", null, null)]
    [InlineData("{\"model\":\"m\",", null, null)]
    [InlineData("[1]", null, null)]
    [InlineData("{\"model\":\"m\"," + Messages + "} trailing", null, null)]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\\n\"}]}", null, null)]
    [InlineData("{" + Messages + "}", "model", "missing_required_parameter")]
    [InlineData("{\"model\":\"m\"}", "messages", "missing_required_parameter")]
    [InlineData("{\"model\":3," + Messages + "}", "model", "invalid_type")]
    [InlineData("{\"model\":\"m\",\"messages\":\"x\"}", "messages", "invalid_type")]
    [InlineData("{\"model\":\"m\",\"messages\":[]}", "messages", "invalid_value")]
    [InlineData("{\"model\":\"m\",\"messages\":[3]}", "messages[0]", "invalid_type")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]}", "messages[0].role", "missing_required_parameter")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", "messages[0].role", "invalid_value")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}", "messages[0].content", "missing_required_parameter")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"stream\":\"yes\"}", "stream", "invalid_type")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"max_tokens\":\"10\"}", "max_tokens", "invalid_type")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"max_tokens\":-1}", "max_tokens", "invalid_value")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"max_tokens\":1e308}", "max_tokens", "invalid_value")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"n\":0}", "n", "invalid_value")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"temperature\":3}", "temperature", "invalid_value")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"top_logprobs\":3}", "top_logprobs", "invalid_value")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"tool_choice\":\"required\"}", "tool_choice", "invalid_value")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"stream_options\":[],\"n\":1}", "stream_options", "invalid_type")]
    [InlineData("{\"model\":\"m\"," + Messages + ",\"stop\":[[1],[2]],\"n\":1}", "stop", "invalid_type")]
    public async Task Request_AtFault_IsRefusedWith400InThePublishedShape(string body, string? parameter, string? code)
    {
        using var response = await simulator.PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync(RunningSimulator.Stop)).RootElement;
        PublishedShape.Check(error, "errorBody");
        Assert.Equal("invalid_request_error", error.GetProperty("error").GetProperty("type").GetString());
        Assert.Equal(parameter, error.GetProperty("error").GetProperty("param").GetString());
        Assert.Equal(code, error.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Request_NestedTooDeep_IsRefused()
    {
        var body = $$"""{"model":"m",{{Messages}},"metadata":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}""";
        using var response = await simulator.PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Request_OfInvalidUtf8_IsRefused()
    {
        using var content = new ByteArrayContent([.. "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""u8, 0xC3, 0x28, .. "\"}]}"u8]);
        using var response = await simulator.Client.PostAsync("/v1/chat/completions", content, RunningSimulator.Stop);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Request_Compressed_IsAnsweredAndATruncatedOneRefused()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(Encoding.UTF8.GetBytes("{\"model\":\"m\"," + Messages + "}"));
        var whole = compressed.ToArray();
        Assert.Equal(HttpStatusCode.OK, await Send(whole));
        Assert.Equal(HttpStatusCode.BadRequest, await Send(whole[..(whole.Length / 2)]));

        async Task<HttpStatusCode> Send(byte[] bytes)
        {
            using var content = new ByteArrayContent(bytes) { Headers = { ContentEncoding = { "gzip" } } };
            using var response = await simulator.Client.PostAsync("/v1/chat/completions", content, RunningSimulator.Stop);
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("POST", "/", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/models/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/chat/completions", HttpStatusCode.MethodNotAllowed)]
    public async Task Request_ElseWhere_IsRefusedInThePublishedShape(string method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await simulator.Client.SendAsync(request, RunningSimulator.Stop);
        Assert.Equal(expected, response.StatusCode);
        PublishedShape.Check(JsonDocument.Parse(await response.Content.ReadAsStringAsync(RunningSimulator.Stop)).RootElement, "errorBody");
    }
}
