using ApiShield.Rules.Parsing;

namespace ApiShield.Rules.Compiling;

/// <summary>Collects what is wrong with a rule file: each thing once (a mapping that is merged often is wrong often), and a bounded number.</summary>
internal sealed class DiagnosticSink
{
    /// <summary>The most errors, and the most warnings, that are listed.</summary>
    public const int MaxListed = 100;

    private readonly List<RuleDiagnostic> _all = [];
    private readonly HashSet<RuleDiagnostic> _seen = [];
    private int _errors;
    private int _warnings;

    public bool HasErrors => _errors > 0;

    public IReadOnlyList<RuleDiagnostic> All => _all;

    public void Report(RuleCode code, FilePosition at, string message)
    {
        var listed = code.Severity == RuleSeverity.Error ? _errors : _warnings;
        if (listed > MaxListed) return;

        var diagnostic = new RuleDiagnostic(at.File, at.Line, at.Column, code.Severity, code.Id, message);
        if (!_seen.Add(diagnostic)) return;
        if (code.Severity == RuleSeverity.Error) _errors++;
        else _warnings++;
        if (listed < MaxListed)
            _all.Add(diagnostic);
        else if (code.Severity == RuleSeverity.Error)
            _all.Add(diagnostic with { Code = RuleCodes.TooManyErrors.Id, Message = $"more than {MaxListed} errors; the others are not listed" });
    }
}
