namespace ApiShield.Redis;

/// <summary>What is done with the holds of a reservation; the numbers are those of settle.lua.</summary>
internal enum SettlementKind
{
    /// <summary>Ends the holds and enters what was used.</summary>
    Settle = 0,

    /// <summary>Undoes the reservation, requests included.</summary>
    Refund = 1,

    /// <summary>Puts the expiry of the holds off.</summary>
    Renew = 2,

    /// <summary>Changes the amount of the holds.</summary>
    Correct = 3,

    /// <summary>Drops the id from those that Redis remembers as settled.</summary>
    Forget = 4,
}
