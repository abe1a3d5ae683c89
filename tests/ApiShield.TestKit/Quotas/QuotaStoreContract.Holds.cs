using Xunit;

namespace ApiShield.TestKit.Quotas;

/// <summary>The life of a hold between reserving and settling.</summary>
public abstract partial class QuotaStoreContract
{
    [Fact]
    public async Task Hold_NeverSettled_Expires()
    {
        await ReserveAsync((Key(1), Tokens(100), 60), (Key(2, scope: 2), Concurrency(1), 1));
        Clock.Advance(HoldLength - TimeSpan.FromSeconds(2));
        Assert.True((await ReserveAsync((Key(1), Tokens(100), 41))).Refused);
        Assert.True((await ReserveAsync((Key(2, scope: 2), Concurrency(1), 1))).Refused);
        Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((0L, 0L), await SumsAsync(Key(1), Tokens(100)));
        Assert.False((await ReserveAsync((Key(1), Tokens(100), 100), (Key(2, scope: 2), Concurrency(1), 1))).Refused);
    }

    [Fact]
    public async Task Renew_PutsTheExpiryOff()
    {
        var kept = await ReserveAsync((Key(1), Tokens(100), 60), (Key(2, scope: 2), Concurrency(1), 1));
        await ReserveAsync((Key(1), Tokens(100), 30));
        for (var i = 0; i < 5; i++)
        {
            Clock.Advance(HoldLength * 0.7);
            Store.Renew(kept);
            await DeliveredAsync();
        }
        Assert.Equal((0L, 60L), await SumsAsync(Key(1), Tokens(100)));
        Assert.Equal((0L, 1L), await SumsAsync(Key(2, scope: 2), Concurrency(1)));
        await SettleAsync(kept, 7);
        Assert.Equal((7L, 0L), await SumsAsync(Key(1), Tokens(100)));
        Store.Renew(kept);
        await DeliveredAsync();
        Assert.Equal((7L, 0L), await SumsAsync(Key(1), Tokens(100)));
    }

    [Fact]
    public async Task Extend_SeveralEntries_GrantsWhatAllHave()
    {
        var reservation = New();
        reservation.Add(Key(1), Tokens(100), 10).Extends = true;
        reservation.Add(Key(2, scope: 2), Tokens(50), 10).Extends = true;
        reservation.Add(Key(3), Tokens(20), 10);
        Assert.True(await Store.ReserveAsync(reservation));

        Assert.Equal(25, await Store.ExtendAsync(reservation, 25));
        Assert.Equal([35L, 35L, 10L], reservation.Entries.ToArray().Select(static entry => entry.Amount));
        Assert.Equal(15, await Store.ExtendAsync(reservation, 25));
        Assert.Equal(0, await Store.ExtendAsync(reservation, 25));
        await DeliveredAsync();
        Assert.Equal((0L, 50L), await SumsAsync(Key(1), Tokens(100)));
        Assert.Equal((0L, 50L), await SumsAsync(Key(2, scope: 2), Tokens(50)));
        Assert.Equal((0L, 10L), await SumsAsync(Key(3), Tokens(20)));

        await SettleAsync(reservation, 44, 44, 9);
        Assert.Equal((44L, 0L), await SumsAsync(Key(1), Tokens(100)));
        Assert.Equal((44L, 0L), await SumsAsync(Key(2, scope: 2), Tokens(50)));
        Assert.Equal((9L, 0L), await SumsAsync(Key(3), Tokens(20)));
    }

    [Fact]
    public async Task Extend_AfterTheHoldExpired_FindsRoomForAllOfIt()
    {
        var reservation = New();
        reservation.Add(Key(1), Tokens(100), 60).Extends = true;
        Assert.True(await Store.ReserveAsync(reservation));
        Clock.Advance(HoldLength + Minute);
        var other = await ReserveAsync((Key(1), Tokens(100), 30));
        Assert.Equal(10, await Store.ExtendAsync(reservation, 25));
        Assert.Equal((0L, 100L), await SumsAsync(Key(1), Tokens(100)));
        await SettleAsync(reservation, 65);
        await SettleAsync(other, 5);
        Assert.Equal((70L, 0L), await SumsAsync(Key(1), Tokens(100)));
    }
}
