using ApiShield.Quotas;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ApiShield.TestKit.Quotas;

/// <summary>What every quota store must do. A test project derives a class a store, and gives it the store and nothing else.</summary>
public abstract partial class QuotaStoreContract : IAsyncLifetime
{
    /// <summary>The hold length that the store under test must be made with.</summary>
    protected static readonly TimeSpan HoldLength = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly UInt128 _run = NewId();
    private IQuotaStore? _store;

    /// <summary>The store's only time, from some moment in the middle of a segment on.</summary>
    protected FakeTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_772_366_407_345));

    private IQuotaStore Store => _store!;

    private long NowMs => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public virtual async ValueTask InitializeAsync() => _store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_store is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else (_store as IDisposable)?.Dispose();
    }

    /// <summary>Makes the store under test, with <see cref="Clock"/> and <see cref="HoldLength"/>.</summary>
    protected abstract ValueTask<IQuotaStore> OpenAsync();

    /// <summary>Completes when everything settled or renewed so far has arrived.</summary>
    protected virtual Task DeliveredAsync() => Task.CompletedTask;

    [Fact]
    public async Task Read_UnknownCounter_IsEmpty()
    {
        Assert.Equal(new QuotaUse(0, 0, 0), await UseAsync(Key(1), Tokens(10)));
    }

    [Fact]
    public async Task Reserve_Requests_AreEnteredAtOnceAndCountedDown()
    {
        var first = await ReserveAsync((Key(1), Requests(3), 1));
        var second = await ReserveAsync((Key(1), Requests(3), 2));
        Assert.Equal((true, true, 2L), (first.Entries[0].Fits, first.Entries[0].Charged, first.Entries[0].Remaining));
        Assert.Equal(0, second.Entries[0].Remaining);
        Assert.Equal(NowMs, second.DecidedAtMs);
        Assert.False(second.HoldsAnything);
        Assert.Equal((3L, 0L), await SumsAsync(Key(1), Requests(3)));

        var third = await ReserveAsync((Key(1), Requests(3), 1));
        Assert.True(third.Refused);
        Assert.Equal((false, false, true), (third.Entries[0].Fits, third.Entries[0].Charged, third.Entries[0].RefusalIsFirm));
    }

    [Fact]
    public async Task Reserve_SameNameInAnotherScope_IsAnotherCounter()
    {
        Assert.False((await ReserveAsync((Key(1, scope: 1), Requests(1), 1))).Refused);
        Assert.False((await ReserveAsync((Key(1, scope: 2), Requests(1), 1))).Refused);
        Assert.True((await ReserveAsync((Key(1, scope: 1), Requests(1), 1))).Refused);
    }

    [Fact]
    public async Task Reserve_MoreThanTheLimit_NeverFits()
    {
        var refused = await ReserveAsync((Key(1), Tokens(10), 11));
        Assert.True(refused.Refused);
        Assert.True(refused.Entries[0].RefusalIsFirm);
        Assert.True(refused.Entries[0].RetryAfterMs >= 1);
        Assert.Equal(10, refused.Entries[0].Remaining);
    }

    [Fact]
    public async Task Reserve_OneOfSeveralHasNoRoom_NothingIsChanged()
    {
        var full = await ReserveAsync((Key(3, scope: 2), Concurrency(1), 1));
        var refused = await ReserveAsync(
            (Key(1, scope: 1), Requests(5), 1), (Key(2, scope: 3), Tokens(100), 40), (Key(3, scope: 2), Concurrency(1), 1), (Key(4, scope: 2), Requests(5), 1));
        await DeliveredAsync();
        Assert.True(refused.Refused);
        Assert.False(refused.HoldsAnything);
        Assert.Equal([true, true, false, true], refused.Entries.ToArray().Select(static entry => entry.Fits));
        Assert.Equal([5L, 100L, 0L, 5L], refused.Entries.ToArray().Select(static entry => entry.Remaining));
        Assert.All(refused.Entries.ToArray(), static entry => Assert.False(entry.Charged));
        Assert.Equal((0L, 0L), await SumsAsync(Key(1, scope: 1), Requests(5)));
        Assert.Equal((0L, 0L), await SumsAsync(Key(2, scope: 3), Tokens(100)));
        Assert.Equal((0L, 1L), await SumsAsync(Key(3, scope: 2), Concurrency(1)));
        Assert.Equal((0L, 0L), await SumsAsync(Key(4, scope: 2), Requests(5)));

        await SettleAsync(full);
        Assert.False((await ReserveAsync((Key(1, scope: 1), Requests(5), 1), (Key(3, scope: 2), Concurrency(1), 1))).Refused);
    }

    [Fact]
    public async Task Reserve_ShadowEntryWithoutRoom_AdmitsAndIsNotCharged()
    {
        var reservation = New();
        reservation.Add(Key(1), Requests(5), 1);
        reservation.Add(Key(2, scope: 2), Tokens(10), 11, enforced: false);
        Assert.True(await Store.ReserveAsync(reservation));
        Assert.False(reservation.Refused);
        Assert.Equal([true, false], reservation.Entries.ToArray().Select(static entry => entry.Charged));
        Assert.False(reservation.Entries[1].Fits);
        await SettleAsync(reservation, 0, 11);
        Assert.Equal((0L, 0L), await SumsAsync(Key(2, scope: 2), Tokens(10)));
        Assert.Equal((1L, 0L), await SumsAsync(Key(1), Requests(5)));
    }

    [Fact]
    public async Task Reserve_ShadowEntryWithRoom_IsChargedUnlessTheRequestIsRefused()
    {
        await ReserveShadowAsync(expectRefused: false);
        Assert.Equal((1L, 0L), await SumsAsync(Key(1, scope: 2), Requests(5)));
        await ReserveShadowAsync(expectRefused: true);
        await DeliveredAsync();
        Assert.Equal((1L, 0L), await SumsAsync(Key(1, scope: 2), Requests(5)));

        async Task ReserveShadowAsync(bool expectRefused)
        {
            var reservation = New();
            reservation.Add(Key(1, scope: 2), Requests(5), 1, enforced: false);
            reservation.Add(Key(2), Requests(1), 1);
            Assert.True(await Store.ReserveAsync(reservation));
            Assert.Equal(expectRefused, reservation.Refused);
            Assert.Equal(!expectRefused, reservation.Entries[0].Charged);
        }
    }

    [Fact]
    public async Task Reserve_InParallel_AdmitsExactlyTheLimit()
    {
        var admitted = 0;
        await Parallel.ForAsync(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, _) =>
        {
            var reservation = await ReserveAsync((Key(1), Requests(100), 1), (Key(2), Tokens(100_000), 10));
            if (!reservation.Refused) Interlocked.Increment(ref admitted);
        });
        Assert.Equal(100, admitted);
        Assert.Equal((0L, 1000L), await SumsAsync(Key(2), Tokens(100_000)));
    }

    [Fact]
    public async Task Reserve_Concurrency_IsTakenUntilSettled()
    {
        var first = await ReserveAsync((Key(1), Concurrency(2), 1));
        var second = await ReserveAsync((Key(1), Concurrency(2), 1));
        var third = await ReserveAsync((Key(1), Concurrency(2), 1));
        Assert.Equal((1L, 0L), (first.Entries[0].Remaining, second.Entries[0].Remaining));
        Assert.True(third.Refused);
        Assert.False(third.Entries[0].RefusalIsFirm);
        Assert.InRange(third.Entries[0].RetryAfterMs, 1, 1000);

        await SettleAsync(first, 99);
        Assert.Equal(new QuotaUse(0, 1, 0), await UseAsync(Key(1), Concurrency(2)));
        Assert.False((await ReserveAsync((Key(1), Concurrency(2), 1))).Refused);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(250)]
    public async Task Settle_Tokens_ReplacesTheHoldByWhatWasUsed(long used)
    {
        var reservation = await ReserveAsync((Key(1), Tokens(100), 60));
        Assert.Equal((0L, 60L), await SumsAsync(Key(1), Tokens(100)));
        var other = await ReserveAsync((Key(1), Tokens(100), 41));
        Assert.True(other.Refused);
        Assert.False(other.Entries[0].RefusalIsFirm);
        Assert.InRange(other.Entries[0].RetryAfterMs, 1, 1000);

        await SettleAsync(reservation, used);
        Assert.Equal((used, 0L), await SumsAsync(Key(1), Tokens(100)));

        // More than the hold is a debt: the next is refused until it has left the window.
        var next = await ReserveAsync((Key(1), Tokens(100), 1));
        Assert.Equal(used >= 100, next.Refused);
        Assert.Equal(Math.Max(0, 100 - used - (next.Refused ? 0 : 1)), next.Entries[0].Remaining);
        Assert.Equal(next.Refused, next.Entries[0].RefusalIsFirm);
    }

    [Fact]
    public async Task Settle_Twice_ChargesOnce()
    {
        var reservation = await ReserveAsync((Key(1), Tokens(100), 60), (Key(2, scope: 2), Concurrency(5), 1));
        await SettleAsync(reservation, 50);
        await SettleAsync(reservation, 50);
        Assert.Equal((50L, 0L), await SumsAsync(Key(1), Tokens(100)));
        Assert.Equal((0L, 0L), await SumsAsync(Key(2, scope: 2), Concurrency(5)));
    }

    [Fact]
    public async Task Settle_OneOfTwoHolds_LeavesTheOther()
    {
        var first = await ReserveAsync((Key(1), Tokens(100), 30));
        await ReserveAsync((Key(1), Tokens(100), 30));
        await SettleAsync(first, 5);
        await SettleAsync(first, 5);
        Assert.Equal((5L, 30L), await SumsAsync(Key(1), Tokens(100)));
    }

    [Fact]
    public async Task Settle_Refused_ChangesNothing()
    {
        var reservation = await ReserveAsync((Key(1), Tokens(100), 101));
        await SettleAsync(reservation, 70);
        Assert.Equal((0L, 0L), await SumsAsync(Key(1), Tokens(100)));
    }

    [Fact]
    public async Task Settle_AfterTheHoldExpired_ChargesWhatWasUsed()
    {
        var reservation = await ReserveAsync((Key(1), Tokens(100), 60));
        Clock.Advance(HoldLength + Minute);
        await ReserveAsync((Key(1), Tokens(100), 0));
        await SettleAsync(reservation, 40);
        await SettleAsync(reservation, 40);
        Assert.Equal((40L, 0L), await SumsAsync(Key(1), Tokens(100)));
    }

    [Fact]
    public async Task Settle_Used_IsEnteredInTheSegmentOfSettling()
    {
        var limit = Tokens(100);
        var reservation = await ReserveAsync((Key(1), limit, 60));
        Clock.Advance(HoldLength / 2);
        await SettleAsync(reservation, 10);
        var use = await UseAsync(Key(1), limit);
        Assert.InRange(use.ResetMs, limit.WindowMs + 1, limit.WindowMs + limit.SegmentMs);
    }
}
