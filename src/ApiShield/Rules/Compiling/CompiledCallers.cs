namespace ApiShield.Rules.Compiling;

/// <summary>The compiled section <c>callers</c>.</summary>
/// <param name="DefaultPlan">The plan of a caller that declares none.</param>
/// <param name="Accounts">The accounts in file order.</param>
internal sealed record CompiledCallers(string DefaultPlan, IReadOnlyList<AccountEntry> Accounts)
{
    public const string UsualPlan = "default";
}
