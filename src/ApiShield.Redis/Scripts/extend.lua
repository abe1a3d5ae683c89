-- Raises the holds of a reservation by what all of them have room for.
--
-- KEYS  per entry: the counter, its holds
-- ARGV  time or 0, reservation id, length of a hold, units asked for, search (1 if an earlier extension's answer was lost); then per entry:
--       limit, amount held so far, window, segment
-- Gives the units granted. A hold that expired meanwhile has to find room for all of it again.

local args = cmsgpack.unpack(ARGV[1])
local now, id, length, granted, search = clock(args[1]), args[2], args[3], args[4], args[5] == 1
local count = (#args - 5) / 4
local members = {}

for i = 1, count do
  local at = 5 + (i - 1) * 4
  local counterKey, holdsKey = KEYS[2 * i - 1], KEYS[2 * i]
  local counter = counterOf(counterKey, args[at + 3], args[at + 4], now)
  if purge(counter, holdsKey, now) then change(counterKey, true) end

  local member = id .. ':' .. int(args[at + 2])
  if not redis.call('ZSCORE', holdsKey, member) then
    member = nil
    if search then
      for _, other in ipairs(redis.call('ZRANGE', holdsKey, 0, -1)) do
        if string.sub(other, 1, #id) == id then member = other end
      end
    end
  end
  members[i] = member

  local others = counter[HELD] - (member and amountOf(member) or 0)
  granted = math.min(granted, args[at + 1] - counter[USED] - others - args[at + 2])
end

granted = math.max(0, granted)
for i = 1, granted > 0 and count or 0 do
  local counterKey, holdsKey = KEYS[2 * i - 1], KEYS[2 * i]
  local counter = counters[counterKey]
  if members[i] then release(counter, holdsKey, id, amountOf(members[i]), false) end
  hold(counter, holdsKey, id, args[5 + (i - 1) * 4 + 2] + granted, length, now)
  change(counterKey, true)
end
saveAll(length, now)
return int(granted)
