-- Decides all entries of a reservation together; charges or holds those that have room unless an enforced one has none.
--
-- KEYS  the counters of the entries, then the holds of those entries that hold, in the same order
-- ARGV  time or 0, reservation id, length of a hold; then per entry: limit, amount, window, segment, flags (1 enforced, 2 holds)
-- Gives 'refused time', then per entry ' flags remaining reset retry' (1 fits, 2 charged, 4 firm); times in milliseconds.
-- A refusal writes nothing, not even an expiry, except that expired holds end.

local now, id, length = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local count = (#ARGV - 3) / 5
local packed = redis.call('MGET', unpack(KEYS, 1, count))
local counters, holds, fits, dirty = {}, {}, {}, {}
local refused, nextHold = 0, count

for i = 1, count do
  local at = 3 + (i - 1) * 5
  local counter = open(packed[i], tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), now)
  local flags = tonumber(ARGV[at + 5])
  if flags >= 2 then
    nextHold = nextHold + 1
    holds[i] = KEYS[nextHold]
    dirty[i] = purge(counter, holds[i], now)
  end
  counters[i] = counter
  fits[i] = counter[USED] + counter[HELD] + tonumber(ARGV[at + 2]) <= tonumber(ARGV[at + 1])
  if not fits[i] and flags % 2 == 1 then refused = 1 end
end

-- Milliseconds until an amount that does not fit may, and whether the window alone keeps it out until then.
local function wait(counter, limit, amount)
  local over = counter[USED] + amount - limit
  if over <= 0 then
    -- Room comes with the next settlement, whenever that is, or with the next expiry.
    return math.max(1, math.min(1000, counter[EXPIRY] - now)), 0
  end
  for i = FIRST, #counter, 2 do
    over = over - counter[i + 1]
    if over <= 0 then return math.max(1, leaves(counter, counter[i]) - now), 4 end
  end
  return math.max(1000, counter[WINDOW]), 4 -- More than the limit: it never fits.
end

local answer = {string.format('%d %.0f', refused, now)}
for i = 1, count do
  local at = 3 + (i - 1) * 5
  local limit, amount = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local counter = counters[i]
  local flags, retry = 0, 0
  if fits[i] then
    flags = 1
    if refused == 0 then
      flags = 3
      if holds[i] then hold(counter, holds[i], id, amount, length, now) else enter(counter, amount) end
      dirty[i] = true
    end
  else
    retry, flags = wait(counter, limit, amount)
  end
  if dirty[i] then save(KEYS[i], counter, holds[i], length, now) end
  local remaining = math.max(0, limit - counter[USED] - counter[HELD])
  answer[i + 1] = string.format('%d %.0f %.0f %.0f', flags, remaining, reset(counter, now), retry)
end
return table.concat(answer, ' ')
