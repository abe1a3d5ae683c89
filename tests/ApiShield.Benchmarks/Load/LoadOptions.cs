namespace ApiShield.Benchmarks.Load;

/// <summary>How a load run is to be done.</summary>
/// <param name="Seconds">Length of one measurement.</param>
/// <param name="Connections">Connections of the load generator.</param>
/// <param name="Rounds">How often every leg is measured; medians are reported.</param>
/// <param name="Store">Only this leg beside bare YARP: <c>in-process</c> or <c>redis</c>; null for both.</param>
/// <param name="Pinned">Whether the proxy has processors of its own.</param>
internal sealed record LoadOptions(double Seconds, int Connections, int Rounds, string? Store, bool Pinned);
