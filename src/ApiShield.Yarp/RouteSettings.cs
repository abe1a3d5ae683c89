using System.Runtime.CompilerServices;
using ApiShield.Dialects;
using ApiShield.Rules;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace ApiShield.Yarp;

/// <summary>What the metadata of a proxy route says to ApiShield, read once per route.</summary>
internal sealed class RouteSettings
{
    private const string DialectName = "apishield.dialect";
    private const string UnknownPathsName = "apishield.unknownPaths";

    private static readonly ConditionalWeakTable<RouteModel, RouteSettings> Known = [];

    private RouteSettings(RouteConfig route, DialectTable dialects)
    {
        Name = RuleSet.Lower(route.RouteId);
        var metadata = route.Metadata;
        var name = metadata?.GetValueOrDefault(DialectName);
        Dialect = dialects.Find(name)
            ?? throw new InvalidOperationException(
                $"Route '{route.RouteId}': metadata {DialectName} is '{name}'; known dialects are {string.Join(", ", dialects.Names)}.");
        var unknown = metadata?.GetValueOrDefault(UnknownPathsName) ?? "refuse";
        ForwardsUnknownPaths = unknown switch
        {
            "refuse" => false,
            "forward" => true,
            _ => throw new InvalidOperationException($"Route '{route.RouteId}': metadata {UnknownPathsName} is '{unknown}'; expected refuse or forward."),
        };
    }

    /// <summary>The route's name in the form that rules match.</summary>
    public string Name { get; }

    /// <summary>The API that the route speaks.</summary>
    public Dialect Dialect { get; }

    /// <summary>Whether paths that the dialect does not know go on, counted as requests; otherwise they are answered 404.</summary>
    public bool ForwardsUnknownPaths { get; }

    public static RouteSettings Of(RouteModel route, DialectTable dialects) =>
        Known.TryGetValue(route, out var settings) ? settings : Known.GetValue(route, model => new RouteSettings(model.Config, dialects));

    /// <summary>Throws for a route whose metadata cannot be read.</summary>
    public static void Validate(RouteConfig route, DialectTable dialects) => _ = new RouteSettings(route, dialects);
}
