using System.Globalization;
using ApiShield.TestKit.Redis;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>Counts what is held in a whole Redis by a script of its own, which shares nothing with the store's scripts.</summary>
internal static class HeldReader
{
    private const string Script = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local held = 0
        for _, key in ipairs(redis.call('KEYS', 'apishield:*:h')) do
          for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. string.format('%.0f', now), '+inf')) do
            held = held + tonumber(string.sub(member, 34))
          end
        end
        return held
        """;

    public static async Task<long> HeldAsync(RedisServer server) =>
        long.Parse(await server.CliAsync("EVAL", Script, "0"), CultureInfo.InvariantCulture);
}
