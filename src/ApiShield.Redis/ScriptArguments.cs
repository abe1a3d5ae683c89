using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>The keys and values of one call of a script.</summary>
internal readonly record struct ScriptArguments(RedisKey[] Keys, RedisValue[] Values);
