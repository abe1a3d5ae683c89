using ApiShield.Dialects;
using ApiShield.Dialects.OpenAI;

namespace ApiShield.Yarp;

/// <summary>The dialects that a route can name.</summary>
public sealed class DialectTable
{
    private readonly Dictionary<string, Dialect> _byName = new(StringComparer.Ordinal);
    private readonly GenericDialect _generic = new();

    /// <summary>All dialects of the engine.</summary>
    public DialectTable()
    {
        foreach (var dialect in (Dialect[])[_generic, new OpenAIChat()]) _byName.Add(dialect.Name, dialect);
    }

    /// <summary>The names a route can give.</summary>
    public IEnumerable<string> Names => _byName.Keys;

    /// <summary>The dialect of that name; the generic one without a name; null if there is none.</summary>
    public Dialect? Find(string? name) => name is null ? _generic : _byName.GetValueOrDefault(name);
}
