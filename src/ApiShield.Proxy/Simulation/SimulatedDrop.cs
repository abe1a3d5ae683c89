namespace ApiShield.Proxy.Simulation;

/// <summary>Makes the server close a connection in the middle of a response, after the bytes already written, as a failing upstream does.</summary>
internal sealed class SimulatedDrop() : Exception("The request asked for a connection that breaks.");
