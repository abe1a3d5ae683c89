namespace ApiShield.Benchmarks.Load;

/// <summary>What a load run came to.</summary>
/// <param name="Machine">Where.</param>
/// <param name="Split">Which processors the proxy had and which the other processes; null if all shared them.</param>
/// <param name="Direct">The load generator on the upstream itself.</param>
/// <param name="Legs">The proxies by name, bare YARP first.</param>
/// <param name="Rate">Requests a second of the paced phases with whole answers.</param>
/// <param name="StreamRate">Streams a second of the paced phases with streams.</param>
internal sealed record LoadReport(
    string Machine, (string Proxy, string Ends)? Split, LegFigures Direct, IReadOnlyList<(string Name, LegFigures Figures)> Legs, double Rate, double StreamRate)
{
    /// <summary>Name of the leg that the others are measured against.</summary>
    public const string Bare = "bare YARP";

    /// <summary>Name of the leg with the in-process store.</summary>
    public const string InProcess = "in-process";

    /// <summary>Name of the leg with Redis.</summary>
    public const string Redis = "redis";

    /// <summary>How many times bare YARP the upstream alone has to sustain: below it, the ends of the run and not the proxy are measured.</summary>
    public const double LeastHeadroom = 3;

    /// <summary>How many times bare YARP the upstream alone sustains.</summary>
    public double Headroom => PerSecond(Direct) / PerSecond(Legs[0].Figures);

    /// <summary>Answers that were no 200, or broke off.</summary>
    public long Errors => Direct.Errors + Legs.Sum(static leg => leg.Figures.Errors);

    /// <summary>The legs with a target, and the least ratio of throughput to bare YARP.</summary>
    public IEnumerable<(string Leg, double Least)> Targets() =>
        from leg in Legs
        where leg.Name != Bare
        select (leg.Name, leg.Name == InProcess ? 0.8 : 0.65);

    /// <summary>A leg's throughput with whole answers over that of bare YARP.</summary>
    public double ThroughputRatio(string name) => PerSecond(Legs.First(leg => leg.Name == name).Figures) / PerSecond(Legs[0].Figures);

    private static double PerSecond(LegFigures figures) => LegFigures.Median(figures.Closed.Select(static result => result.PerSecond));
}
