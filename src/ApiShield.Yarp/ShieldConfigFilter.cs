using Yarp.ReverseProxy.Configuration;

namespace ApiShield.Yarp;

/// <summary>Checks the routes' ApiShield settings when they are loaded, and gives clusters time-outs that fit models.</summary>
internal sealed class ShieldConfigFilter(DialectTable dialects) : IProxyConfigFilter
{
    /// <summary>A model may think this long before its next byte; YARP's default of 100 seconds cuts silent reasoning.</summary>
    private static readonly TimeSpan ActivityTimeout = TimeSpan.FromMinutes(10);

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        var request = cluster.HttpRequest ?? new();
        return ValueTask.FromResult(cluster with { HttpRequest = request with { ActivityTimeout = request.ActivityTimeout ?? ActivityTimeout } });
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel)
    {
        RouteSettings.Validate(route, dialects);
        return ValueTask.FromResult(route);
    }
}
