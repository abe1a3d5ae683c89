namespace ApiShield.Rules;

/// <summary>A model name in a rule, with <c>*</c> for any run of characters; compared without case.</summary>
public sealed class ModelPattern
{
    private readonly string[] _parts;

    /// <param name="text">The pattern, not empty.</param>
    public ModelPattern(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        Text = text;
        _parts = text.Split('*');
    }

    /// <summary>The pattern as written.</summary>
    public string Text { get; }

    /// <summary>Whether the whole name fits the pattern; linear in the length of the name, whatever the pattern.</summary>
    public bool Matches(ReadOnlySpan<char> model)
    {
        var first = _parts[0];
        if (_parts.Length == 1) return model.Equals(first, StringComparison.OrdinalIgnoreCase);

        var last = _parts[^1];
        if (model.Length < first.Length + last.Length
            || !model.StartsWith(first, StringComparison.OrdinalIgnoreCase)
            || !model.EndsWith(last, StringComparison.OrdinalIgnoreCase)) return false;

        // The parts between the stars, each at its first occurrence after the one before.
        var middle = model[first.Length..^last.Length];
        for (var i = 1; i < _parts.Length - 1; i++)
        {
            var at = middle.IndexOf(_parts[i], StringComparison.OrdinalIgnoreCase);
            if (at < 0) return false;
            middle = middle[(at + _parts[i].Length)..];
        }
        return true;
    }
}
