using ApiShield.Enforcement;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Transforms;

namespace ApiShield.Yarp;

/// <summary>Puts ApiShield into a YARP application.</summary>
public static class ApiShieldExtensions
{
    /// <summary>Adds what the middleware needs to a reverse proxy; the <see cref="Enforcer"/> is registered by the caller.</summary>
    public static IReverseProxyBuilder AddApiShield(this IReverseProxyBuilder proxy, ShieldOptions options)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        proxy.Services.AddSingleton(options);
        proxy.Services.AddSingleton<DialectTable>();
        proxy.AddConfigFilter<ShieldConfigFilter>();
        proxy.AddTransforms(static transforms => transforms.AddResponseTransform(static response =>
        {
            // Headers that the upstream's Connection header names are meant for this hop only.
            if (response.ProxyResponse is null) return ValueTask.CompletedTask;
            foreach (var name in response.ProxyResponse.Headers.Connection)
                if (!ConnectionHeaders.IsOption(name)) response.HttpContext.Response.Headers.Remove(name);
            return ValueTask.CompletedTask;
        }));
        return proxy;
    }

    /// <summary>Maps the proxy's routes, each request going through ApiShield before a destination is chosen.</summary>
    public static ReverseProxyConventionBuilder MapApiShield(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.MapReverseProxy(static proxy =>
        {
            proxy.UseMiddleware<ShieldMiddleware>();
            proxy.UseSessionAffinity();
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        });
    }
}
