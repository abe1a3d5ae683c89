-- Ends, refunds, renews or corrects the holds of a batch of reservations, or forgets the ids of settled ones. Repeating a batch changes nothing.
--
-- ARGV  time or 0, length of a hold, retention of settled ids; then per reservation: operation, id, search (1 if an extension's answer was
--       lost), number of entries; then per entry: holds (0 or 1), amount, value, window, segment
-- KEYS  per reservation: the settled ids of its scope (settle, refund and forget only); then per entry: the counter, and its holds if it holds
-- The value is, when settling, what was used; when refunding, the time of the reservation; when correcting, the amount to hold instead.
-- Gives the number of entries that could not be settled because their keys hold something else; the others are settled all the same.

local SETTLE, REFUND, RENEW, CORRECT, FORGET = 0, 1, 2, 3, 4
local args = cmsgpack.unpack(ARGV[1])
local now, length, retention = clock(args[1]), args[2], args[3]
local key, arg = 0, 3

local function nextKey()
  key = key + 1
  return KEYS[key]
end

local function nextArg()
  arg = arg + 1
  return args[arg]
end

-- The first to settle or refund an id leaves it in the scope's set; whoever comes after does nothing. The id is forgotten when the sender knows
-- that no repetition is under way, or else when the retention is over.
local function first(settled, id)
  if not lasting[settled] then redis.call('ZREMRANGEBYSCORE', settled, '-inf', int(now)) end
  if redis.call('ZADD', settled, 'NX', int(now + retention), id) == 0 then return false end
  outlast(settled, retention)
  return true
end

-- Takes a request out of the segment in which it was entered at that time.
local function leave(counter, amount, entered)
  local age = counter[LAST] - math.floor(entered / counter[SEGMENT])
  local segments = olderOf(counter)
  for i = 1, #segments, 2 do
    if segments[i] <= age then
      local taken = math.min(amount, segments[i + 1])
      segments[i + 1] = segments[i + 1] - taken
      counter[USED] = counter[USED] - taken
      if segments[i + 1] == 0 then
        table.remove(segments, i)
        table.remove(segments, i)
      end
      setOlder(counter, segments)
      return
    end
  end
  local taken = math.min(amount, counter[CURRENT])
  counter[CURRENT] = counter[CURRENT] - taken
  counter[USED] = counter[USED] - taken
end

local function renew(counterKey, holdsKey, id, amount)
  local member = id .. ':' .. int(amount)
  if not redis.call('ZSCORE', holdsKey, member) then return end
  redis.call('ZADD', holdsKey, int(now + length), member)
  outlast(holdsKey, 2 * length)
  if redis.call('PTTL', counterKey) < 2 * length then redis.call('PEXPIRE', counterKey, int(2 * length + slack)) end
end

local function settle(operation, id, search, holdsKey, counterKey, amount, value, window, segment)
  if operation == RENEW then return renew(counterKey, holdsKey, id, amount) end
  local counter = counterOf(counterKey, window, segment, now)
  change(counterKey, holdsKey)
  if holdsKey then
    local held = release(counter, holdsKey, id, amount, search)
    if operation == SETTLE and window > 0 then enter(counter, value) end
    if operation == CORRECT and held then hold(counter, holdsKey, id, value, length, now) end
  elseif operation == REFUND then
    leave(counter, amount, value)
  end
end

local failed, forgotten = 0, {}
while arg < #args do
  local operation, id, search, count = nextArg(), nextArg(), nextArg() == 1, nextArg()
  local live = true
  if operation == SETTLE or operation == REFUND then
    live = first(nextKey(), id)
  elseif operation == FORGET then
    local settled = nextKey()
    local ids = forgotten[settled] or {}
    forgotten[settled] = ids
    ids[#ids + 1] = id
  end
  for _ = 1, count do
    local holds, amount, value, window, segment = nextArg() == 1, nextArg(), nextArg(), nextArg(), nextArg()
    local counterKey = nextKey()
    local holdsKey = holds and nextKey()
    if live and not pcall(settle, operation, id, search, holdsKey, counterKey, amount, value, window, segment) then failed = failed + 1 end
  end
end

for settled, ids in pairs(forgotten) do redis.call('ZREM', settled, unpack(ids)) end
saveAll(length, now)
return failed
