using ApiShield.Quotas;
using Xunit;

namespace ApiShield.TestKit.Quotas;

/// <summary>Property tests against the exact log: seeded, so that a failure comes again.</summary>
public abstract partial class QuotaStoreContract
{
    /// <summary>Every pattern with every window.</summary>
    public static TheoryData<ArrivalPattern, long, int> PatternsAndWindows
    {
        get
        {
            var data = new TheoryData<ArrivalPattern, long, int>();
            foreach (var pattern in Enum.GetValues<ArrivalPattern>())
                foreach (var row in Windows)
                    data.Add(pattern, row.Data.Item1, row.Data.Item2);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(PatternsAndWindows))]
    public async Task Requests_AnyArrivals_LieBetweenTheExactLogOfTheWindowAndOfOneSegmentMore(ArrivalPattern pattern, long windowMs, int segments)
    {
        var limit = new QuotaLimit(QuotaUnit.Requests, 17, TimeSpan.FromMilliseconds(windowMs), segments);
        var arrivals = new Arrivals(pattern, limit, seed: 31);
        var random = new Random(32);
        var log = new ExactLog();
        long retryAfter = 0;
        int admitted = 0, refused = 0;
        for (var i = 0; i < 250 || (refused == 0 && i < 2000); i++)
        {
            Advance(arrivals.Next(NowMs, retryAfter));
            var amount = random.Next(8) == 0 ? random.Next(1, 5) : 1;
            var reservation = await ReserveAsync((Key(1), limit, amount));
            retryAfter = reservation.Entries[0].RetryAfterMs;
            if (reservation.Refused)
            {
                refused++;
                Assert.True(log.Since(NowMs - windowMs - limit.SegmentMs) + amount > limit.Limit, "refused what the longer log admits");
            }
            else
            {
                admitted++;
                log.Add(NowMs, amount);
                Assert.True(log.Since(NowMs - windowMs) <= limit.Limit, "a window holds more than the limit");
            }
            Assert.InRange(
                limit.Limit - reservation.Entries[0].Remaining, log.Since(NowMs - windowMs), log.Since(NowMs - windowMs - limit.SegmentMs));
        }
        Assert.True(admitted > 0 && refused > 0, "the pattern tests nothing");
    }

    [Theory]
    [MemberData(nameof(PatternsAndWindows))]
    public async Task Tokens_ReservedAndSettled_HoldTheLimitAtEveryAdmission(ArrivalPattern pattern, long windowMs, int segments)
    {
        var limit = new QuotaLimit(QuotaUnit.OutputTokens, 1000, TimeSpan.FromMilliseconds(windowMs), segments);
        var arrivals = new Arrivals(pattern, limit, seed: 41);
        var random = new Random(42);
        var log = new ExactLog();
        var open = new List<(Reservation Reservation, long Amount, long ExpiresMs)>();
        long retryAfter = 0;
        int admitted = 0, refused = 0;
        for (var i = 0; i < 150 || (refused == 0 && i < 2000); i++)
        {
            // None of the holds may expire here: what is left when one does, is a test of its own.
            var gap = arrivals.Next(NowMs, retryAfter);
            while (open.Count > 0 && (random.Next(3) == 0 || open[0].ExpiresMs <= NowMs + gap)) await SettleOldestAsync();
            Advance(gap);

            var amount = random.Next(1, 200);
            var reservation = await ReserveAsync((Key(1), limit, amount));
            retryAfter = reservation.Entries[0].RetryAfterMs;
            var held = open.Sum(static hold => hold.Amount);
            var longer = log.Since(NowMs - windowMs - limit.SegmentMs) + held;
            if (reservation.Refused)
            {
                refused++;
                Assert.True(longer + amount > limit.Limit, "refused what the longer log admits");
                Assert.True(!reservation.Entries[0].RefusalIsFirm || longer - held + amount > limit.Limit, "firm, but for the holds");
                continue;
            }
            admitted++;
            Assert.True(log.Since(NowMs - windowMs) + held + amount <= limit.Limit, "holds and use exceed the limit");
            open.Add((reservation, amount, NowMs + (long)HoldLength.TotalMilliseconds));
            Assert.Equal(held + amount, (await UseAsync(Key(1), limit)).Held);
        }
        Assert.True(admitted > 0 && refused > 0, "the pattern tests nothing");

        async Task SettleOldestAsync()
        {
            var (reservation, amount, _) = open[0];
            open.RemoveAt(0);
            var used = random.Next(4) switch { 0 => amount, 1 => amount + random.Next(50), _ => random.NextInt64(amount) };
            await SettleAsync(reservation, used);
            log.Add(NowMs, used);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task SeveralQuotas_RandomWork_AreChargedTogetherOrNotAtAll(int seed)
    {
        var random = new Random(seed);
        (CounterKey Key, QuotaLimit Limit)[] counters =
        [
            (Key(1, scope: 1), Requests(16)), (Key(2, scope: 1), Tokens(20_000)), (Key(3, scope: 2), Concurrency(4)),
            (Key(4, scope: 2), new QuotaLimit(QuotaUnit.TotalTokens, 60_000, TimeSpan.FromHours(1))),
            (Key(5, scope: 3), new QuotaLimit(QuotaUnit.Requests, 4, TimeSpan.FromSeconds(10))),
        ];
        var logs = counters.Select(static _ => new ExactLog()).ToArray();
        var open = new Queue<Reservation>();
        int admitted = 0, refused = 0;
        for (var i = 0; i < 300; i++)
        {
            // Steps are far shorter than a hold and few are open, so that none expires.
            Advance(random.Next(2) == 0 ? random.NextInt64(6000) : 0);
            while (open.Count > 0 && (random.Next(2) == 0 || open.Count > 5)) await SettleOneAsync();

            var reservation = New();
            for (var c = 0; c < counters.Length; c++)
                reservation.Add(counters[c].Key, counters[c].Limit, counters[c].Limit.HasWindow && counters[c].Limit.Holds ? random.Next(1, 400) : 1);
            var before = await Store.ReadAsync(counters);
            Assert.True(await Store.ReserveAsync(reservation));
            await DeliveredAsync();
            var after = await Store.ReadAsync(counters);
            var fits = reservation.Entries.ToArray().All(static entry => entry.Fits);
            Assert.Equal(!fits, reservation.Refused);
            for (var c = 0; c < counters.Length; c++)
            {
                var entry = reservation.Entries[c];
                var limit = counters[c].Limit;
                Assert.Equal(fits, entry.Charged);
                Assert.Equal(before![c].Held + (fits && limit.Holds ? entry.Amount : 0), after![c].Held);
                Assert.Equal(before[c].Used + (fits && !limit.Holds ? entry.Amount : 0), after[c].Used);
                if (!fits || limit.Holds) continue;
                logs[c].Add(NowMs, entry.Amount);
                Assert.True(logs[c].Since(NowMs - limit.WindowMs) <= limit.Limit);
            }
            if (!fits) refused++;
            else admitted++;
            if (fits) open.Enqueue(reservation);
        }
        Assert.True(admitted > 20 && refused > 20, $"{admitted} admitted, {refused} refused: tests nothing");

        async Task SettleOneAsync()
        {
            var reservation = open.Dequeue();
            await SettleAsync(reservation, 0, random.NextInt64(300), 0, random.NextInt64(300), 0);
        }
    }
}
