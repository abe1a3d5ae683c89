-- Head of every script: one counter as a packed value and the holds beside it.
--
-- Every script takes one argument, a MessagePack array of numbers and ids: cheaper on both sides than an argument each.
--
-- A counter is the array {version, window, segment, last, used, held, expiry, current, newest, older}:
--   window, segment  lengths in milliseconds, both 0 for concurrency
--   last             index of the current segment, that the ages count from
--   used             sum of the counts
--   held             sum of the open holds
--   expiry           no hold expires before this time; 0 if there is none
--   current          count of the current segment
--   newest           age of the newest of the older segments that are not empty; 0 if there is none
--   older            those segments, packed: {age, count, age, count, ...}, oldest first, ages as distance from last. Packed apart because they
--                    change when a segment ends and not with every request.

local VERSION, WINDOW, SEGMENT, LAST, USED, HELD, EXPIRY, CURRENT, NEWEST, OLDER = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local FORMAT = 2

-- Redis cuts fractions off and old versions write large numbers with an exponent: no number goes out unformatted.
local function int(number)
  return string.format('%.0f', number)
end

-- A given time is a test's, which runs at another pace than Redis's own expiry: keys then live ten minutes longer.
local slack = 0

local function clock(given)
  if given ~= 0 then
    slack = 600000
    return given
  end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function olderOf(counter)
  return counter[NEWEST] > 0 and cmsgpack.unpack(counter[OLDER]) or {}
end

local function setOlder(counter, segments)
  counter[NEWEST] = segments[#segments - 1] or 0
  counter[OLDER] = counter[NEWEST] > 0 and cmsgpack.pack(segments) or ''
end

-- Drops the segments that have left the window. A clock that was set back, as by a failover, does not reopen the past.
local function advance(counter, now)
  local segment = counter[SEGMENT]
  if segment == 0 then return end
  local step = math.floor(now / segment) - counter[LAST]
  if step <= 0 then return end
  local oldest = counter[WINDOW] / segment
  local before, kept, used = olderOf(counter), {}, 0
  if counter[CURRENT] > 0 then before[#before + 1], before[#before + 2] = 0, counter[CURRENT] end
  for i = 1, #before, 2 do
    local age, count = before[i] + step, before[i + 1]
    if age <= oldest then
      kept[#kept + 1], kept[#kept + 2] = age, count
      used = used + count
    end
  end
  setOlder(counter, kept)
  counter[CURRENT] = 0
  counter[USED] = used
  counter[LAST] = counter[LAST] + step
end

-- Brings a counter to the present under the rule's window. What was used under another window counts as used now.
local function fit(counter, window, segment, now)
  advance(counter, now)
  if counter[WINDOW] == window and counter[SEGMENT] == segment then return end
  counter[WINDOW], counter[SEGMENT] = window, segment
  counter[LAST] = segment > 0 and math.floor(now / segment) or 0
  if segment == 0 then counter[USED] = 0 end
  counter[CURRENT] = counter[USED]
  setOlder(counter, {})
end

-- A value that cannot be read starts afresh: an error here would fail its owner's every request until someone looks. For the same reason
-- counters are read by MGET, which gives nothing where GET would fail for another type of value.
local function open(packed, window, segment, now)
  if packed then
    local ok, counter = pcall(cmsgpack.unpack, packed)
    if ok and type(counter) == 'table' and counter[VERSION] == FORMAT then
      fit(counter, window, segment, now)
      return counter
    end
  end
  return {FORMAT, window, segment, segment > 0 and math.floor(now / segment) or 0, 0, 0, 0, 0, 0, ''}
end

-- The counters of one call: each is read and written once, however many exchanges of the call it is in.
local counters, written, holding = {}, {}, {}

local function counterOf(name, window, segment, now, packed)
  local counter = counters[name]
  if counter then
    fit(counter, window, segment, now)
  else
    if packed == nil then packed = redis.call('MGET', name)[1] end
    counter = open(packed, window, segment, now)
    counters[name] = counter
  end
  return counter
end

-- Writes a counter with an expiry that outlasts all that is in it. Twice a hold's length, because replicas may be set differently.
local function save(key, counter, holding, hold, now)
  if counter[USED] == 0 and counter[HELD] == 0 then
    redis.call('DEL', key)
    return
  end
  local ahead = math.max(0, counter[LAST] * counter[SEGMENT] - now)
  local life = counter[WINDOW] + counter[SEGMENT] + ahead
  if holding then life = math.max(life, 2 * hold) end
  redis.call('SET', key, cmsgpack.pack(counter), 'PX', int(life + slack))
end

-- Marks a counter to be written at the end of the call.
local function change(name, holds)
  if holds then holding[name] = true end
  if written[name] then return end
  written[name] = true
  written[#written + 1] = name
end

local function saveAll(hold, now)
  for _, name in ipairs(written) do save(name, counters[name], holding[name], hold, now) end
end

-- Enters use in the current segment.
local function enter(counter, amount)
  counter[CURRENT] = counter[CURRENT] + amount
  counter[USED] = counter[USED] + amount
end

-- The time at which the segment of that age leaves the window.
local function leaves(counter, age)
  return (counter[LAST] - age + 1) * counter[SEGMENT] + counter[WINDOW]
end

-- Milliseconds until all that is in the window has left it.
local function reset(counter, now)
  if counter[CURRENT] == 0 and counter[NEWEST] == 0 then return 0 end
  return math.max(0, leaves(counter, counter[CURRENT] > 0 and 0 or counter[NEWEST]) - now)
end

-- A hold is a member '<id>:<amount>' of a sorted set, scored with its expiry.
local function amountOf(member)
  return tonumber(string.match(member, ':(%d+)$')) or 0
end

-- Puts a key's expiry off, once a call.
local lasting = {}

local function outlast(key, length)
  if lasting[key] then return end
  lasting[key] = true
  redis.call('PEXPIRE', key, int(length + slack))
end

local function hold(counter, key, id, amount, length, now)
  local expiry = now + length
  redis.call('ZADD', key, int(expiry), id .. ':' .. int(amount))
  outlast(key, 2 * length)
  counter[HELD] = counter[HELD] + amount
  if counter[EXPIRY] == 0 or expiry < counter[EXPIRY] then counter[EXPIRY] = expiry end
end

-- Ends a hold and returns its amount, or nil if there is none. An extension whose answer was lost may have changed the amount: then search.
local function release(counter, key, id, amount, search)
  if redis.call('ZREM', key, id .. ':' .. int(amount)) == 0 then
    local found
    if search then
      for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        if string.sub(member, 1, #id) == id then found = member end
      end
    end
    if not found then return nil end
    redis.call('ZREM', key, found)
    amount = amountOf(found)
  end
  counter[HELD] = math.max(0, counter[HELD] - amount)
  return amount
end

-- Ends the holds whose time has come, and says whether anything changed.
local function purge(counter, key, now)
  if counter[EXPIRY] == 0 or now < counter[EXPIRY] then return false end
  local expired = redis.call('ZRANGEBYSCORE', key, '-inf', int(now))
  if #expired > 0 then
    for _, member in ipairs(expired) do counter[HELD] = counter[HELD] - amountOf(member) end
    redis.call('ZREMRANGEBYSCORE', key, '-inf', int(now))
  end
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[2] then
    counter[EXPIRY] = tonumber(first[2])
    counter[HELD] = math.max(0, counter[HELD])
  else
    counter[EXPIRY], counter[HELD] = 0, 0
  end
  return true
end
