namespace ApiShield.Rules.Parsing;

/// <summary>Where in which file something stands.</summary>
/// <param name="File">The file's name as it was given.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column in UTF-16 units, from 1.</param>
internal readonly record struct FilePosition(string File, int Line, int Column)
{
    /// <summary>As a compiler writes it, for messages that point at a second place.</summary>
    public override string ToString() => string.Create(null, $"{File}({Line},{Column})");
}
