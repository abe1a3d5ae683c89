using Yarp.ReverseProxy.Configuration;

namespace ApiShield.Yarp;

/// <summary>Checks the routes' ApiShield settings when they are loaded, and gives clusters time-outs that fit models.</summary>
internal sealed class ShieldConfigFilter(DialectTable dialects) : IProxyConfigFilter
{
    /// <summary>A model may think this long before its next byte; YARP's default of 100 seconds cuts silent reasoning.</summary>
    private static readonly TimeSpan ActivityTimeout = TimeSpan.FromMinutes(10);

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        foreach (var (name, destination) in cluster.Destinations ?? new Dictionary<string, DestinationConfig>())
        {
            if (!Uri.TryCreate(destination.Address, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new InvalidOperationException($"Cluster '{cluster.ClusterId}': the address of destination '{name}' is '{destination.Address}'; expected a URL.");
        }

        var request = cluster.HttpRequest ?? new();
        return ValueTask.FromResult(cluster with { HttpRequest = request with { ActivityTimeout = request.ActivityTimeout ?? ActivityTimeout } });
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel)
    {
        RouteSettings.Validate(route, dialects);
        if (cluster is null) throw new InvalidOperationException($"Route '{route.RouteId}': there is no cluster '{route.ClusterId}'.");
        return ValueTask.FromResult(route);
    }
}
