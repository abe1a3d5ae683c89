using System.Reflection;
using ApiShield.Enforcement;
using ApiShield.Proxy.Hosting;
using ApiShield.Redis;
using ApiShield.Yarp;
using Xunit;

namespace ApiShield.FunctionalTests;

/// <summary>Which assembly may know which.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly Engine = typeof(Enforcer).Assembly;
    private static readonly Assembly Redis = typeof(RedisQuotaStore).Assembly;
    private static readonly Assembly Yarp = typeof(ShieldOptions).Assembly;
    private static readonly Assembly Proxy = typeof(ShieldHost).Assembly;

    [Fact]
    public void Engine_References_NoServerNoRedisNoYarp()
    {
        Assert.DoesNotContain(ReferencesOf(Engine), name =>
            name.StartsWith("ApiShield", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || name.StartsWith("Yarp", StringComparison.Ordinal)
            || name.StartsWith("StackExchange", StringComparison.Ordinal));
    }

    [Fact]
    public void RedisAndYarp_Reference_TheEngineAndNotEachOther()
    {
        foreach (var (assembly, forbidden) in (ReadOnlySpan<(Assembly, string)>)[(Redis, "Yarp"), (Yarp, "Redis")])
        {
            Assert.Contains(Engine.GetName().Name, ReferencesOf(assembly));
            Assert.DoesNotContain(ReferencesOf(assembly), name => name.Contains(forbidden, StringComparison.Ordinal));
            Assert.DoesNotContain(Proxy.GetName().Name, ReferencesOf(assembly));
        }
    }

    private static string[] ReferencesOf(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(reference => reference.Name!)];
}
