using System.Globalization;
using System.Text;
using ApiShield.FunctionalTests.Hosting;

namespace ApiShield.FunctionalTests.Aborts;

/// <summary>One request that its client will not see through: what it sends, how far it reads, and how it leaves.</summary>
/// <param name="Key">The API key.</param>
/// <param name="Request">The bytes sent; not always a whole request.</param>
/// <param name="ReadBytes">Bytes of the answer after which the client leaves; 0 if it leaves at once.</param>
/// <param name="Resets">Whether it leaves with RST rather than FIN.</param>
internal sealed record AbortPlan(string Key, byte[] Request, int ReadBytes, bool Resets)
{
    private const int BytesPerEvent = 230;

    public static AbortPlan Make(Random random, string key)
    {
        var stream = random.Next(3) > 0;
        var tokens = random.Next(1, 120);
        var manner = random.Next(20) switch
        {
            0 => ",hang",
            1 => string.Create(CultureInfo.InvariantCulture, $",hang-after-tokens={random.Next(tokens)}"),
            < 8 => ",delay-ms-per-token=1",
            _ => "",
        };
        var model = string.Create(CultureInfo.InvariantCulture, $"sim-chat:tokens={tokens}{manner}");
        var body = ChatRequests.Body(string.Create(CultureInfo.InvariantCulture, $"Question {random.Next()}"), stream: stream, model: model,
            maxTokens: random.Next(4) == 0 ? tokens : null);
        var request = RawHttp.ChatRequest(Encoding.UTF8.GetBytes(body), key);
        var resets = random.Next(2) == 0;
        if (random.Next(5) == 0) return new AbortPlan(key, request[..random.Next(request.Length + 1)], 0, resets);
        return new AbortPlan(key, request, random.Next(stream ? 600 + (tokens * BytesPerEvent) : 1200 + (tokens * 8)), resets);
    }
}
