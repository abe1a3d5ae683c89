using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ApiShield.Proxy.Hosting;

/// <summary>The section <c>ApiShield</c> of the proxy's configuration: settings of the process, not rules.</summary>
internal sealed class ShieldSettings
{
    /// <summary>Name of the section.</summary>
    public const string Section = "ApiShield";

    /// <summary>Where traffic is served; several addresses with <c>;</c> between.</summary>
    [Required]
    public string Listen { get; set; } = "http://127.0.0.1:8080";

    /// <summary>Where health, metrics and quotas are served.</summary>
    [Required]
    public string AdminListen { get; set; } = "http://127.0.0.1:8081";

    /// <summary>The rule file; relative to the folder of the configuration file.</summary>
    [Required]
    public string Rules { get; set; } = "apishield.yaml";

    /// <summary>StackExchange.Redis configuration string; empty for the in-process store.</summary>
    public string Redis { get; set; } = "";

    /// <summary>Milliseconds the store may take to answer before a rule's onStoreFailure applies.</summary>
    [Range(5, 5000)]
    public int RedisDeadlineMs { get; set; } = 50;

    /// <summary>File with the secret under which identities are hashed; required with Redis.</summary>
    public string IdentityKeyFile { get; set; } = "";

    /// <summary>How many replicas share the traffic.</summary>
    [Range(1, 10_000)]
    public int Replicas { get; set; } = 1;

    /// <summary>Seconds a hold lives in the store after the replica that took it has died.</summary>
    [Range(1, 3600)]
    public int HoldSeconds { get; set; } = 60;

    /// <summary>Networks in CIDR notation whose X-Forwarded-For is believed; empty believes nobody.</summary>
    public List<string> TrustedProxies { get; set; } = [];

    /// <summary>The largest request body, in bytes.</summary>
    [Range(1024, 1L << 31)]
    public long MaxRequestBodyBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bytes of request bodies held in memory at one time.</summary>
    [Range(1024 * 1024, 1L << 40)]
    public long MaxBufferedBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>The built-in model simulator; without an address it does not run.</summary>
    public SimulatorSettings Simulator { get; set; } = new();
}

/// <summary>Checks <see cref="ShieldSettings"/> by its attributes, without reflection.</summary>
[OptionsValidator]
internal sealed partial class ShieldSettingsValidator : IValidateOptions<ShieldSettings>;
