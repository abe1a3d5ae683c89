namespace ApiShield.Proxy.Hosting;

/// <summary>The program cannot start as it is configured; the message says what to change.</summary>
public sealed class SettingsException : Exception
{
    /// <inheritdoc/>
    public SettingsException()
    {
    }

    /// <inheritdoc/>
    public SettingsException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public SettingsException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
