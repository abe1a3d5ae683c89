using ApiShield.Quotas;
using Xunit;

namespace ApiShield.TestKit.Quotas;

/// <summary>Windows over time: changes of a rule, and the truth of what a refusal promises.</summary>
public abstract partial class QuotaStoreContract
{
    /// <summary>Windows in milliseconds, with the most segments: the least, the largest, odd ones, and one of a single segment.</summary>
    public static TheoryData<long, int> Windows => new()
    {
        { 1000, 60 }, { 1007, 60 }, { 1009, 60 }, { 60_000, 60 }, { 60_000, 1 }, { 3_600_000, 60 }, { 86_400_000, 24 }, { 31L * 86_400_000, 60 },
    };

    [Fact]
    public async Task Limit_Changed_KeepsUse()
    {
        await ReserveAsync((Key(1), Requests(10), 6));
        var lowered = await ReserveAsync((Key(1), Requests(5), 1));
        Assert.True(lowered.Refused);
        Assert.Equal(0, lowered.Entries[0].Remaining);
        var raised = await ReserveAsync((Key(1), Requests(20), 1));
        Assert.Equal(13, raised.Entries[0].Remaining);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(600)]
    public async Task Window_Changed_CountsOldUseAsUsedNow(int seconds)
    {
        await ReserveAsync((Key(1), Requests(10), 3));
        Clock.Advance(TimeSpan.FromSeconds(30));
        await ReserveAsync((Key(1), Requests(10), 4));
        var changed = new QuotaLimit(QuotaUnit.Requests, 10, TimeSpan.FromSeconds(seconds));
        var refused = await ReserveAsync((Key(1), changed, 4));
        Assert.True(refused.Refused);

        // A refusal writes nothing, so it is the next admission that moves the old use for good.
        Assert.False((await ReserveAsync((Key(1), changed, 1))).Refused);
        Clock.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal((8L, 0L), await SumsAsync(Key(1), changed));
        Clock.Advance(TimeSpan.FromMilliseconds(changed.SegmentMs));
        Assert.Equal((0L, 0L), await SumsAsync(Key(1), changed));
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task RetryAfter_Firm_IsTheFirstMomentWithRoom(long windowMs, int segments)
    {
        var limit = new QuotaLimit(QuotaUnit.Requests, 20, TimeSpan.FromMilliseconds(windowMs), segments);
        var random = new Random(7);
        for (var round = 0; round < 15; round++)
        {
            var amount = random.Next(1, 6);
            Reservation reservation;
            do
            {
                Advance(random.NextInt64(Math.Max(1, limit.WindowMs / 6)));
                reservation = await ReserveAsync((Key(1), limit, amount));
            }
            while (!reservation.Refused);

            Assert.True(reservation.Entries[0].RefusalIsFirm);
            Advance(reservation.Entries[0].RetryAfterMs - 1);
            var early = await ReserveAsync((Key(1), limit, amount));
            Assert.True(early.Refused);
            Assert.Equal(1, early.Entries[0].RetryAfterMs);
            Advance(1);
            Assert.False((await ReserveAsync((Key(1), limit, amount))).Refused);
        }
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task Reset_IsTheFirstMomentWithAnEmptyWindow(long windowMs, int segments)
    {
        var limit = new QuotaLimit(QuotaUnit.Requests, 100, TimeSpan.FromMilliseconds(windowMs), segments);
        var random = new Random(11);
        Reservation last = null!;
        for (var i = 0; i < 10; i++)
        {
            Advance(random.NextInt64(limit.SegmentMs * 2));
            last = await ReserveAsync((Key(1), limit, 1));
        }

        var reset = last.Entries[0].ResetMs;
        Assert.InRange(reset, limit.WindowMs + 1, limit.WindowMs + limit.SegmentMs);
        Assert.Equal(reset, (await UseAsync(Key(1), limit)).ResetMs);
        Advance(reset - 1);
        Assert.Equal((true, 1L), (await UseAsync(Key(1), limit)) is var use ? (use.Used > 0, use.ResetMs) : default);
        Advance(1);
        Assert.Equal(new QuotaUse(0, 0, 0), await UseAsync(Key(1), limit));
    }

    [Fact]
    public async Task Refused_KnockingAllTheTime_IsAdmittedAllTheSame()
    {
        var limit = Requests(5);
        await ReserveAsync((Key(1), limit, 5));
        var knocks = 0;
        while ((await ReserveAsync((Key(1), limit, 1))).Refused)
        {
            Advance(limit.SegmentMs / 2);
            Assert.True(++knocks < 2 * (limit.Segments + 2));
        }
        Assert.True(knocks >= 2 * limit.Segments);
    }
}
