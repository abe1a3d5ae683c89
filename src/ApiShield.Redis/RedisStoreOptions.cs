namespace ApiShield.Redis;

/// <summary>Settings of the store on Redis.</summary>
public sealed record RedisStoreOptions
{
    /// <summary>Where Redis is, as StackExchange.Redis reads it: hosts and ports separated by commas, then options such as <c>ssl=true</c>.</summary>
    public required string Configuration { get; init; }

    /// <summary>How long a decision may take until the store counts as unreachable.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a hold lives that is neither settled nor renewed. The same on every replica.</summary>
    public TimeSpan HoldLength { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The most settlements that wait for an unreachable Redis; beyond it the oldest is lost.</summary>
    public int SettlementCapacity { get; init; } = 65_536;

    /// <summary>How long a shutdown waits for settlements that are not delivered yet.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the delivery of a settlement is repeated before it is lost.</summary>
    internal TimeSpan SettlementRetention => HoldLength * 10;

    /// <summary>How long Redis remembers the id of a settled reservation: longer than any repetition can come.</summary>
    internal TimeSpan SettledIdRetention => SettlementRetention + TimeSpan.FromMinutes(1);
}
