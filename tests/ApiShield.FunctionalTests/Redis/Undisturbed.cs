using Xunit;

namespace ApiShield.FunctionalTests.Redis;

/// <summary>Tests that measure time run alone.</summary>
[CollectionDefinition(nameof(Undisturbed), DisableParallelization = true)]
public sealed class Undisturbed;
