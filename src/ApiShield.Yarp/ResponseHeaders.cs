using System.Globalization;
using ApiShield.Enforcement;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ApiShield.Yarp;

/// <summary>Writes the engine's headers beside those of the upstream.</summary>
internal readonly struct ResponseHeaders(IHeaderDictionary headers) : IHeaderWriter
{
    public void Set(string name, string value)
    {
        if (!headers.ContainsKey(name)) headers[name] = value;
    }

    public bool SetNoMoreThan(string name, long value)
    {
        if (long.TryParse(headers[name], NumberStyles.None, CultureInfo.InvariantCulture, out var upstream) && upstream < value) return false;
        headers[name] = value.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    public void Replace(string name, string value) => headers[name] = value;

    public void Append(string name, string value) =>
        headers[name] = headers.TryGetValue(name, out var present) && present.Count > 0 ? $"{string.Join(", ", (IEnumerable<string?>)present)}, {value}" : new StringValues(value);
}
