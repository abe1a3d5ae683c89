using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>What an error of Redis means for the call. Matched on content, for older servers wrap a command's error within a script's.</summary>
internal static class StoreErrors
{
    private static readonly string[] OfTheServer = ["LOADING", "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "BUSY", "OOM", "NOREPLICAS"];

    /// <summary>The server does not have the script; nothing was done.</summary>
    public static bool IsUnknownScript(Exception error) => Mentions(error, "NOSCRIPT");

    /// <summary>The slot is on the move: nothing was done, and the same call at once may find it.</summary>
    public static bool IsMoving(Exception error) => Mentions(error, "MOVED") || Mentions(error, "TRYAGAIN") || Mentions(error, "ASK ");

    /// <summary>The keys are in several slots: this is a Redis Cluster.</summary>
    public static bool IsCrossSlot(Exception error) =>
        Mentions(error, "CROSSSLOT") || (error is RedisCommandException && error.Message.Contains("single slot", StringComparison.Ordinal));

    /// <summary>Whether the error tells about the server, and not only about this call: those open the breaker.</summary>
    public static bool IsOfTheServer(Exception error) => error switch
    {
        RedisServerException => Array.Exists(OfTheServer, word => Mentions(error, word)),
        RedisCommandException => false,
        _ => true,
    };

    private static bool Mentions(Exception error, string word) =>
        error is RedisServerException && error.Message.Contains(word, StringComparison.Ordinal);
}
