namespace ApiShield.Rules.Compiling;

/// <summary>Finds the known word that a misspelled one was probably meant to be.</summary>
/// <remarks>
/// Restricted Damerau-Levenshtein distance (insert, drop, change, swap neighbours) without case, hyphens and underscores; a third of the word's
/// letters may differ.
/// </remarks>
internal static class NearestWord
{
    private const int MaxLength = 64;

    /// <summary>The nearest of the words, the first of equally near ones; null if none is near.</summary>
    public static string? Find(string found, IEnumerable<string> known)
    {
        if (found.Length is 0 or > MaxLength) return null;
        var folded = Fold(found);
        string? best = null;
        var least = int.MaxValue;
        foreach (var word in known)
        {
            if (word.Length > MaxLength) continue;
            var candidate = Fold(word);
            var distance = Distance(folded, candidate);
            if (distance >= least || distance > Math.Max(1, Math.Min(folded.Length, candidate.Length) / 3)) continue;
            least = distance;
            best = word;
        }
        return best;
    }

    private static string Fold(string word) =>
        word.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    private static int Distance(string a, string b)
    {
        var beforeLast = new int[b.Length + 1];
        var last = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
            }
            (beforeLast, last, row) = (last, row, beforeLast);
        }
        return last[b.Length];
    }
}
