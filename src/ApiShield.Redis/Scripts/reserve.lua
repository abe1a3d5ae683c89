-- Decides reservations one after the other, each with all its entries together: charges or holds those that have room unless an enforced one
-- has none.
--
-- KEYS  the counters of all entries, then the holds of those entries that hold, in the same order
-- ARGV  time or 0, length of a hold, number of entries of all; then per reservation: id, number of entries; then per entry: limit, amount,
--       window, segment, flags (1 enforced, 2 holds)
-- Gives a packed array: the time, then per reservation refused (2 if it could not be decided, for its keys hold something else), then per entry
-- flags (1 fits, 2 charged, 4 firm), remaining, reset, retry; times in milliseconds.
-- A refusal writes nothing, not even an expiry, except that expired holds end.

local args = cmsgpack.unpack(ARGV[1])
local now, length, all = clock(args[1]), args[2], args[3]
local packed = redis.call('MGET', unpack(KEYS, 1, all))
local answer = {now}

-- Milliseconds until an amount that does not fit may, and whether the window alone keeps it out until then.
local function wait(counter, limit, amount)
  local over = counter[USED] + amount - limit
  if over <= 0 then
    -- Room comes with the next settlement, whenever that is, or with the next expiry.
    return math.max(1, math.min(1000, counter[EXPIRY] - now)), 0
  end
  local segments = olderOf(counter)
  segments[#segments + 1], segments[#segments + 2] = 0, counter[CURRENT]
  for i = 1, #segments, 2 do
    over = over - segments[i + 1]
    if over <= 0 then return math.max(1, leaves(counter, segments[i]) - now), 4 end
  end
  return math.max(1000, counter[WINDOW]), 4 -- More than the limit: it never fits.
end

-- Decides one reservation, whose arguments begin after at, whose keys after key, and whose holds after nextHold.
local function decide(id, count, at, key, nextHold)
  local own, holds, fits = {}, {}, {}
  local refused = 0
  for i = 1, count do
    local limit, amount, flags = args[at + 1], args[at + 2], args[at + 5]
    local name = KEYS[key + i]
    local counter = counterOf(name, args[at + 3], args[at + 4], now, packed[key + i])
    if flags >= 2 then
      nextHold = nextHold + 1
      holds[i] = KEYS[nextHold]
      if purge(counter, holds[i], now) then change(name, true) end
    end
    own[i] = counter
    fits[i] = counter[USED] + counter[HELD] + amount <= limit
    if not fits[i] and flags % 2 == 1 then refused = 1 end
    at = at + 5
  end

  at = at - 5 * count
  answer[#answer + 1] = refused
  for i = 1, count do
    local limit, amount, counter = args[at + 1], args[at + 2], own[i]
    local flags, retry = 0, 0
    if fits[i] then
      flags = 1
      if refused == 0 then
        flags = 3
        if holds[i] then hold(counter, holds[i], id, amount, length, now) else enter(counter, amount) end
        change(KEYS[key + i], holds[i])
      end
    else
      retry, flags = wait(counter, limit, amount)
    end
    local last = #answer
    answer[last + 1], answer[last + 2] = flags, math.max(0, limit - counter[USED] - counter[HELD])
    answer[last + 3], answer[last + 4] = reset(counter, now), retry
    at = at + 5
  end
end

local at, key, nextHold = 3, 0, all
while at < #args do
  local id, count = args[at + 1], args[at + 2]
  at = at + 2
  local first = #answer + 1
  if not pcall(decide, id, count, at, key, nextHold) then
    answer[first] = 2
    for i = 1, 4 * count do answer[first + i] = 0 end
  end
  for _ = 1, count do
    if args[at + 5] >= 2 then nextHold = nextHold + 1 end
    at = at + 5
  end
  key = key + count
end
saveAll(length, now)
return cmsgpack.pack(answer)
