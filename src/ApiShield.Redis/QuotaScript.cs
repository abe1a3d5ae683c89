using System.Security.Cryptography;
using System.Text;

namespace ApiShield.Redis;

/// <summary>One Lua script: its text, and the hash by which Redis knows it once it has been loaded.</summary>
internal sealed class QuotaScript
{
    private static readonly string Head = Load("counter");

    private QuotaScript(string name)
    {
        Name = name;
        Text = Head + Load(name);
#pragma warning disable CA5350 // Redis names scripts by SHA-1; nothing rests on its strength.
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    public static QuotaScript Reserve { get; } = new("reserve");

    public static QuotaScript Settle { get; } = new("settle");

    public static QuotaScript Extend { get; } = new("extend");

    public static QuotaScript Read { get; } = new("read");

    /// <summary>The name in telemetry.</summary>
    public string Name { get; }

    /// <summary>The whole text, shared head included.</summary>
    public string Text { get; }

    /// <summary>SHA-1 of the text.</summary>
    public byte[] Hash { get; }

    private static string Load(string name)
    {
        using var stream = typeof(QuotaScript).Assembly.GetManifestResourceStream(name + ".lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not embedded.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
