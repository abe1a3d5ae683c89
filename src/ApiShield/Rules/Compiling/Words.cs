namespace ApiShield.Rules.Compiling;

/// <summary>The words that a rule file uses for the values of an enumeration: its names in camelCase.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal static class Words<T>
    where T : struct, Enum
{
    private static readonly Dictionary<string, T> Values =
        Enum.GetValues<T>().ToDictionary(value => CamelCase(value.ToString()), StringComparer.Ordinal);

    /// <summary>All words, in the order of the enumeration.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Values.Keys];

    public static bool TryGet(string word, out T value) => Values.TryGetValue(word, out value);

    /// <summary>The word of a value.</summary>
    public static string Of(T value) => CamelCase(value.ToString());

    private static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
