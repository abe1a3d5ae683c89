using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ApiShield.Benchmarks.Load;

/// <summary>What ApiShield is measured against: YARP with the same server settings, routes and logging, and nothing else.</summary>
internal static class BareProxy
{
    public static Command Command() => ChildHost.Command("bare", "Bare YARP.", static async (arguments, cancel) =>
    {
        var builder = WebApplication.CreateSlimBuilder();
        ShieldProxy.Log(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 32 * 1024 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 50_000;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        });
        builder.Services.AddReverseProxy()
            .LoadFromConfig(new ConfigurationBuilder().AddJsonFile(arguments[0]).Build().GetSection("ReverseProxy"));
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.Remove(builder.Services.First(static service => service.ImplementationType?.Name == "DataProtectionHostedService"));
        var app = builder.Build();
        app.MapReverseProxy();
        await app.StartAsync(cancel);
        return (new Uri(app.Urls.First()).Port, app);
    });
}
