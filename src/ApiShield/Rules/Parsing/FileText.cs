using System.Buffers;
using System.Text;
using System.Text.Unicode;
using ApiShield.Rules.Compiling;

namespace ApiShield.Rules.Parsing;

/// <summary>A rule file's bytes to text: bounded in size, valid UTF-8, free of control characters.</summary>
internal static class FileText
{
    // YAML 1.2.2, section 5.1: what is not printable.
    private static readonly SearchValues<char> Unprintable = SearchValues.Create(
        [.. Enumerable.Range(0, 0xa0).Select(c => (char)c).Where(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\x85')), '\ufffe', '\uffff']);

    /// <summary>The text without byte order mark; null if an error was reported.</summary>
    public static string? Decode(string file, ReadOnlySpan<byte> content, DiagnosticSink diagnostics)
    {
        if (content.Length > RuleFile.MaxBytes)
        {
            diagnostics.Report(RuleCodes.TooLarge, new(file, 1, 1), "the file is larger than 1 MB (1048576 bytes), the most that is read");
            return null;
        }
        if (content.StartsWith(Encoding.UTF8.Preamble)) content = content[Encoding.UTF8.Preamble.Length..];
        if (!Utf8.IsValid(content))
        {
            var valid = ValidPrefix(content);
            var at = PositionAfter(file, Encoding.UTF8.GetString(content[..valid]));
            diagnostics.Report(RuleCodes.NotText, at, $"the byte 0x{content[valid]:x2} is not UTF-8, the only encoding of rule files");
            return null;
        }

        var text = Encoding.UTF8.GetString(content);
        var unprintable = text.AsSpan().IndexOfAny(Unprintable);
        if (unprintable < 0) return text;
        diagnostics.Report(RuleCodes.NotText, PositionAfter(file, text.AsSpan(0, unprintable)),
            $"the control character U+{(int)text[unprintable]:X4} is not allowed; write it as an escape in double quotes if it is meant");
        return null;
    }

    /// <summary>The place just behind a text.</summary>
    public static FilePosition PositionAfter(string file, ReadOnlySpan<char> text)
    {
        var line = 1;
        var lineStart = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var isBreak = text[i] is '\n' or '\x85' or '\u2028' or '\u2029' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n'));
            if (!isBreak) continue;
            line++;
            lineStart = i + 1;
        }
        return new(file, line, text.Length - lineStart + 1);
    }

    private static int ValidPrefix(ReadOnlySpan<byte> content)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(content[at..], out _, out var consumed) == OperationStatus.Done) at += consumed;
        return at;
    }
}
