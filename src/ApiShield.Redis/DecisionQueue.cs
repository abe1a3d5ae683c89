using ApiShield.Quotas;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>
/// Decides reservations on a single Redis: those that are there at the same moment go in one call, which costs both sides little more than one alone.
/// </summary>
/// <remarks>
/// A reservation waits for no other's answer. A call is put together by a work item of the thread pool, which an idle pool runs at once and a busy
/// one after the requests that are queued already, so that calls carry the more the busier the process is.
/// </remarks>
internal sealed class DecisionQueue(ScriptCaller caller, FirmRefusals refusals, TimeSpan deadline, long holdMs, Func<long> givenMs, Func<long> refusalNow)
    : IThreadPoolWorkItem
{
    /// <summary>Enough to share a call's cost, few enough that the script does not hold Redis up.</summary>
    private const int MostInACall = 32;

    private readonly Lock _lock = new();
    private List<Waiting> _arrived = [];
    private List<Waiting> _taken = [];

    /// <summary>Decides a reservation.</summary>
    /// <returns>False if Redis did not decide it in time; then it may or may not be charged there.</returns>
    public ValueTask<bool> DecideAsync(Reservation reservation)
    {
        var waiting = new Waiting(reservation);
        bool first;
        lock (_lock)
        {
            _arrived.Add(waiting);
            first = _arrived.Count == 1;
        }
        if (first) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return new ValueTask<bool>(waiting.Task);
    }

    void IThreadPoolWorkItem.Execute()
    {
        // One such item is queued at a time, but the next may start while this one still sends: the lists are exchanged under the lock.
        Waiting[][] calls;
        lock (_lock)
        {
            (_arrived, _taken) = (_taken, _arrived);
            calls = [.. _taken.Chunk(MostInACall)];
            _taken.Clear();
        }
        foreach (var call in calls) _ = DecideAsync(call);
    }

    private async Task DecideAsync(Waiting[] call)
    {
        var decided = new bool[call.Length];
        try
        {
            var askedAt = refusalNow();
            var answer = await caller.CallAsync(QuotaScript.Reserve, Build(call), deadline).ConfigureAwait(false);
            Apply(call, answer, askedAt, decided);
        }
        finally
        {
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
    private sealed class Waiting(Reservation reservation) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Reservation Reservation { get; } = reservation;
    }
}
