namespace ApiShield.FunctionalTests.Hosting;

/// <summary>A request as an upstream of a test's own received it.</summary>
internal sealed record ReceivedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>A header, or null.</summary>
    public string? this[string header] => Headers.GetValueOrDefault(header);
}
