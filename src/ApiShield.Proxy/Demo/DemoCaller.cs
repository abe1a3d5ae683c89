namespace ApiShield.Proxy.Demo;

/// <summary>One caller of the demo, which is one account of the proxy.</summary>
/// <param name="Name">The account's name, unique.</param>
/// <param name="Kind">How it behaves.</param>
/// <param name="Plan">The account's plan.</param>
/// <param name="ApiKey">The account's only key; good for nothing outside a demo.</param>
internal sealed record DemoCaller(string Name, DemoCallerKind Kind, string Plan, string ApiKey)
{
    /// <summary>The callers of <c>apishield demo</c>, about 30 requests a second together.</summary>
    public static IReadOnlyList<DemoCaller> All { get; } =
    [
        new("ana", DemoCallerKind.ChatUser, "free", "demo-key-ana"),
        new("bela", DemoCallerKind.ChatUser, "free", "demo-key-bela"),
        new("chidi", DemoCallerKind.ChatUser, "team", "demo-key-chidi"),
        new("help-desk", DemoCallerKind.SupportBot, "team", "demo-key-help-desk"),
        new("labels", DemoCallerKind.BatchLabeller, "scale", "demo-key-labels"),
        new("coder", DemoCallerKind.CodingAgent, "team", "demo-key-coder"),
        new("hoover", DemoCallerKind.OverQuota, "free", "demo-key-hoover"),
    ];
}
