using Xunit;

namespace ApiShield.FunctionalTests.Requests;

/// <summary>Tests that measure the process run while no others do.</summary>
[CollectionDefinition(InspectionCostTests.Alone, DisableParallelization = true)]
public sealed class AloneCollection;
