using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ApiShield.Yarp;

/// <summary>Removes the headers that a Connection header names: they are meant for one hop only (RFC 9110, section 7.6.1).</summary>
internal static class ConnectionHeaders
{
    /// <summary>Removes them from a request. The Connection header itself is the proxy's business.</summary>
    public static void Strip(IHeaderDictionary headers)
    {
        var connection = headers.Connection;
        if (connection.Count == 0) return;
        foreach (var value in connection)
        {
            foreach (var name in new StringTokenizer(value ?? "", [',']))
            {
                var trimmed = name.Trim();
                if (trimmed.Length == 0 || IsOption(trimmed)) continue;
                headers.Remove(trimmed.ToString());
            }
        }
    }

    /// <summary>Whether it is an option of the connection and no header's name.</summary>
    public static bool IsOption(StringSegment name) =>
        name.Equals("close", StringComparison.OrdinalIgnoreCase)
        || name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
        || name.Equals("upgrade", StringComparison.OrdinalIgnoreCase);
}
