using System.CommandLine;
namespace ApiShield.Benchmarks.Engine;
internal static class EngineCommand { public static Command Create() => new("engine", "x"); }
