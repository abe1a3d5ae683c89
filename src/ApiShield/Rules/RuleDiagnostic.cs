namespace ApiShield.Rules;

/// <summary>One thing that is wrong with a rule file, and where.</summary>
/// <param name="File">The file's name as it was given.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column in UTF-16 units, from 1.</param>
/// <param name="Severity">Whether the file is refused for it.</param>
/// <param name="Code">One of <see cref="RuleCodes.All"/>.</param>
/// <param name="Message">What was found, what is allowed and, where one is near, the word that was probably meant; one line.</param>
public sealed record RuleDiagnostic(string File, int Line, int Column, RuleSeverity Severity, string Code, string Message)
{
    /// <summary>The form of a compiler, which editors and CI systems turn into links.</summary>
    public override string ToString() =>
        string.Create(null, $"{File}({Line},{Column}): {(Severity == RuleSeverity.Error ? "error" : "warning")} {Code}: {Message}");
}
