using System.Net;
using ApiShield.Dialects;
using ApiShield.Quotas;

namespace ApiShield.Enforcement;

/// <summary>One request and its answer on their way through the stages; rented from the <see cref="Enforcer"/> and given back after settling.</summary>
public sealed class Exchange
{
    private static readonly Caller Nobody = new("", null, "", 0, 0);

    internal Exchange(ActiveRules rules) => Rules = rules;

    /// <summary>The rules that this exchange is held to from its first stage to its last.</summary>
    public ActiveRules Rules { get; internal set; }

    /// <summary>Names the exchange in headers, logs and the store.</summary>
    public UInt128 Id { get; internal set; }

    /// <summary>Who sends the request.</summary>
    public Caller Caller { get; internal set; } = Nobody;

    /// <summary>Where it comes from, as far as that is believed.</summary>
    public IPAddress Address { get; internal set; } = IPAddress.None;

    /// <summary>The proxy's route in lower case.</summary>
    public string Route { get; set; } = "";

    /// <summary>The API that the route speaks.</summary>
    public Dialect Dialect { get; set; } = null!;

    /// <summary>What the body says.</summary>
    public RequestFacts Facts { get; } = new();

    /// <summary>The refusal, or null if the request goes on.</summary>
    public Denial? Denial { get; internal set; }

    /// <summary>Reads the answer; null before there is one and for exchanges that make no tokens.</summary>
    public ResponseReader? Reader { get; internal set; }

    /// <summary>The answer has outgrown its allowance and the next event must wait for <see cref="Enforcer.ExtendAsync(Exchange)"/>.</summary>
    public bool MustExtend => Cuts && Relayed > Allowance;

    /// <summary>Output tokens relayed so far, by count.</summary>
    public long Relayed => Reader is null ? 0 : Math.Max(Reader.OutputEvents, (long)Math.Ceiling(Reader.OutputBytes * OutputRate));

    internal Reservation Reservation { get; } = new();

    /// <summary>The rules of the reservation's entries, by index.</summary>
    internal List<ActiveRule> Matched { get; } = [];

    /// <summary>The reservation on this replica alone, for rules whose store did not answer.</summary>
    internal Reservation Fallback { get; } = new();

    internal List<ActiveRule> FallbackRules { get; } = [];

    /// <summary>The shared store did not decide; whether it took holds is not known.</summary>
    internal bool Undecided { get; set; }

    internal bool Admitted { get; set; }

    internal long EstimatedInput { get; set; }

    /// <summary>Output tokens that may pass before the answer is cut; meaningful where <see cref="Cuts"/>.</summary>
    internal long Allowance { get; set; }

    internal bool Cuts { get; set; }

    internal double OutputRate { get; set; }

    internal int Status { get; set; }

    /// <summary>Guards the reservations between settling and renewal.</summary>
    internal Lock Gate { get; } = new();

    internal bool Live { get; set; }

    internal long RenewedAt { get; set; }

    /// <summary>2: resolves who sends the request.</summary>
    /// <param name="apiKey">The API key as sent, or empty.</param>
    /// <param name="address">The address that is believed.</param>
    public void Identify(ReadOnlySpan<char> apiKey, IPAddress address)
    {
        Address = address;
        Caller = Rules.Callers.Identify(apiKey, address);
    }

    /// <summary>8: the answer's status is known and its body follows.</summary>
    public void BeginResponse(int status)
    {
        Status = status;
        if (!Facts.Generates || Reader is not null) return;
        Reader = Dialect.RentReader();
        Reader.Start(Facts);
    }

    internal void Start(ActiveRules rules, UInt128 id)
    {
        Rules = rules;
        Id = id;
        Caller = Nobody;
        Address = IPAddress.None;
        Route = "";
        Facts.Clear();
        Denial = null;
        Reader = null;
        Reservation.Start(id);
        Matched.Clear();
        Fallback.Start(id);
        FallbackRules.Clear();
        Undecided = false;
        Admitted = false;
        EstimatedInput = 0;
        Allowance = long.MaxValue;
        Cuts = false;
        OutputRate = 0;
        Status = 0;
    }
}
