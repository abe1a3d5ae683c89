using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ApiShield.Yarp;

/// <summary>Finds the API key of a request where the official clients put it.</summary>
internal static class ApiKeys
{
    private const string Bearer = "Bearer ";

    /// <summary>Reads Authorization, x-api-key and api-key.</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="key">The key, or empty.</param>
    /// <returns>False if there are several and they differ: which one the upstream takes cannot be known.</returns>
    public static bool TryRead(IHeaderDictionary headers, out string key)
    {
        key = "";
        return Take(headers.Authorization, isAuthorization: true, ref key)
            && Take(headers["x-api-key"], isAuthorization: false, ref key)
            && Take(headers["api-key"], isAuthorization: false, ref key);
    }

    private static bool Take(StringValues values, bool isAuthorization, ref string key)
    {
        foreach (var value in values)
        {
            if (string.IsNullOrWhiteSpace(value)) continue;
            var found = isAuthorization && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? value[Bearer.Length..].Trim() : value.Trim();
            if (found.Length == 0) continue;
            if (key.Length > 0 && !string.Equals(key, found, StringComparison.Ordinal)) return false;
            key = found;
        }
        return true;
    }
}
