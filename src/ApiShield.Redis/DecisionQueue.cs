using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>
/// Decides reservations on a single Redis: those that arrive while others are being decided go together in the next call, which costs both sides
/// little more than one alone.
/// </summary>
/// <remarks>
/// A call is put together by a work item of the thread pool, which an idle pool runs at once and a busy one after the requests that are queued
/// already. A reservation waits for a call that is under way only while so many are, and for no longer than its own deadline.
/// </remarks>
internal sealed class DecisionQueue(ScriptCaller caller, FirmRefusals refusals, TimeSpan deadline, long holdMs, TimeProvider clock, Func<long> givenMs, Func<long> refusalNow)
    : IThreadPoolWorkItem
{
    /// <summary>Enough to share a call's cost, few enough that the script does not hold Redis up.</summary>
    private const int MostInACall = 32;

    /// <summary>Calls under way at a time, unless they are full: one that Redis works on, and one on its way.</summary>
    private const int MostCalls = 2;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private int _calls;
    private bool _isScheduled;

    /// <summary>Decides a reservation.</summary>
    /// <returns>False if Redis did not decide it in time; then it may or may not be charged there.</returns>
    public ValueTask<bool> DecideAsync(Reservation reservation)
    {
        var waiting = new Waiting(reservation, clock.GetTimestamp());
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            Schedule();
        }
        return new ValueTask<bool>(waiting.Task);
    }

    void IThreadPoolWorkItem.Execute()
    {
        Waiting[] call;
        lock (_lock)
        {
            call = new Waiting[Math.Min(_waiting.Count, MostInACall)];
            for (var i = 0; i < call.Length; i++) call[i] = _waiting.Dequeue();
            _calls++;
            _isScheduled = false;
            Schedule();
        }
        _ = DecideAsync(call);
    }

    /// <summary>Sees to it that what waits is taken: at once if there is a call to spare or enough for a full one, else when a call ends.</summary>
    private void Schedule()
    {
        if (_isScheduled || _waiting.Count == 0 || (_calls >= MostCalls && _waiting.Count < MostInACall)) return;
        _isScheduled = true;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private async Task DecideAsync(Waiting[] call)
    {
        var decided = new bool[call.Length];
        try
        {
            // The oldest has waited longest: its deadline is that of the call.
            var left = deadline - clock.GetElapsedTime(call[0].Since);
            if (left > TimeSpan.Zero)
            {
                var asked = refusalNow();
                Apply(call, await caller.CallAsync(QuotaScript.Reserve, Build(call), left).ConfigureAwait(false), asked, decided);
            }
        }
        finally
        {
            lock (_lock)
            {
                _calls--;
                Schedule();
            }
            for (var i = 0; i < call.Length; i++) call[i].SetResult(decided[i]);
        }
    }

    private ScriptArguments Build(Waiting[] call)
    {
        var reservations = new Reservation[call.Length];
        for (var i = 0; i < call.Length; i++) reservations[i] = call[i].Reservation;
        return ReserveCall.Build(reservations, null, givenMs(), holdMs);
    }

    private void Apply(Waiting[] call, RedisResult? result, long askedAt, bool[] decided)
    {
        var answer = new NumberReader(result);
        var decidedAt = ReserveCall.ReadTime(ref answer);
        for (var i = 0; i < call.Length && !answer.Failed; i++)
        {
            var reservation = call[i].Reservation;
            if (!ReserveCall.TryApply(reservation, null, ref answer, out var refused))
            {
                caller.Undecided(QuotaScript.Reserve);
                continue;
            }
            reservation.Refused = refused;
            reservation.DecidedAtMs = decidedAt;
            if (refused) refusals.Remember(reservation, askedAt);
            decided[i] = true;
        }
    }

    /// <summary>A reservation and who waits for its answer.</summary>
    private sealed class Waiting(Reservation reservation, long since) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Reservation Reservation { get; } = reservation;

        /// <summary>When it arrived, on the clock's timestamps.</summary>
        public long Since { get; } = since;
    }
}
