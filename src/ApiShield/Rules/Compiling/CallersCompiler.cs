using System.Buffers;
using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>The section <c>callers</c> to accounts; one name and one key hash belong to one account.</summary>
internal sealed class CallersCompiler(DiagnosticSink diagnostics)
{
    private const int MaxAccounts = 20_000;
    private const int MaxKeys = 1_000;
    private const int KeyHashDigits = 64;

    private static readonly string[] SectionMembers = ["defaultPlan", "accounts"];
    private static readonly string[] AccountMembers = ["account", "organization", "plan", "keyHashes"];
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly Dictionary<string, FilePosition> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Label, FilePosition At)> _hashes = new(StringComparer.Ordinal);

    public CompiledCallers Compile(MappingNode? section)
    {
        if (section is null) return new(CompiledCallers.UsualPlan, []);
        var binder = new MappingBinder(section, "callers", SectionMembers, diagnostics);
        var plan = binder.Text("defaultPlan") ?? CompiledCallers.UsualPlan;
        var accounts = binder.Mappings("accounts", MaxAccounts)?.Select(Account).OfType<AccountEntry>().ToList();
        return new(plan, accounts ?? []);
    }

    private AccountEntry? Account(MappingNode node, int index)
    {
        var label = node.Find("account")?.Value is ScalarNode { Kind: ScalarKind.Text, Text.Length: > 0 } named
            ? $"account {Wording.Quote(named.Text)}"
            : $"callers.accounts[{index}]";
        var binder = new MappingBinder(node, label, AccountMembers, diagnostics);
        binder.Require("account");

        var name = binder.Text("account");
        var at = binder.PositionOf("account");
        if (name is not null && !_names.TryAdd(name, at))
            binder.Report(RuleCodes.AccountTwice, at, $"the name is used twice; first at {_names[name]}");

        var organization = binder.Text("organization");
        var plan = binder.Text("plan");
        var hashes = KeyHashes(binder);
        return name is null ? null : new(name, organization, plan, hashes);
    }

    private List<string> KeyHashes(MappingBinder binder)
    {
        const string Member = "keyHashes";
        var result = new List<string>();
        var given = binder.List(Member, MaxKeys, secret: true);
        foreach (var item in given ?? [])
        {
            if (binder.Entry<ScalarNode>(item, Member, "text") is not { } scalar) continue;
            var hash = scalar.Text;
            if (hash.Length != KeyHashDigits || hash.AsSpan().ContainsAnyExcept(LowerHex))
            {
                // Never quoted: what stands here by mistake is most likely an API key.
                var found = hash.Length != KeyHashDigits ? $"a text of length {hash.Length}"
                    : hash.All(char.IsAsciiHexDigit) ? "upper-case digits"
                    : "other characters";
                binder.Report(RuleCodes.BadKeyHash, scalar.Position, $"a key hash is {KeyHashDigits} lower-case hexadecimal digits; found {found}");
            }
            else if (!_hashes.TryAdd(hash, (binder.Label, scalar.Position)))
            {
                var (first, at) = _hashes[hash];
                binder.Report(RuleCodes.KeyHashTwice, scalar.Position, $"key hash {hash[..8]}… is given twice; first for {first} at {at}");
            }
            else
            {
                result.Add(hash);
            }
        }
        if (given is { Count: 0 } || !binder.Has(Member))
            binder.Report(RuleCodes.AccountWithoutKeys, binder.PositionOf(Member), "has no key hashes, so that no request can be its");
        return result;
    }
}
