using System.CommandLine;
using ApiShield.Benchmarks.Engine;
using ApiShield.Benchmarks.Load;

var root = new RootCommand("Measures ApiShield: the engine alone, and the whole proxy against bare YARP.");
root.Subcommands.Add(EngineCommand.Create());
root.Subcommands.Add(LoadCommand.Create());

// What the load run starts as processes of their own.
root.Subcommands.Add(UpstreamServer.Command());
root.Subcommands.Add(BareProxy.Command());
root.Subcommands.Add(ShieldProxy.Command());
root.Subcommands.Add(LoadGenerator.Command());
return await root.Parse(args).InvokeAsync();
