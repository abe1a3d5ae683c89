namespace ApiShield.Enforcement;

/// <summary>Port to the headers of a response.</summary>
public interface IHeaderWriter
{
    /// <summary>Sets a header unless the upstream has set it.</summary>
    void Set(string name, string value);

    /// <summary>Sets a header to a number, or leaves the upstream's where that is smaller: an upstream's limit is never loosened.</summary>
    /// <returns>Whether the header now has this number.</returns>
    bool SetNoMoreThan(string name, long value);

    /// <summary>Sets a header, whatever the upstream has set.</summary>
    void Replace(string name, string value);

    /// <summary>Adds a value to a list header, after the upstream's own.</summary>
    void Append(string name, string value);
}
