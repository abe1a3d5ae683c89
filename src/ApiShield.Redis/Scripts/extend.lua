-- Raises the holds of a reservation by what all of them have room for.
--
-- KEYS  per entry: the counter, its holds
-- ARGV  time or 0, reservation id, length of a hold, units asked for, search (1 if an earlier extension's answer was lost); then per entry:
--       limit, amount held so far, window, segment
-- Gives the units granted. A hold that expired meanwhile has to find room for all of it again.

local now, id, length, granted, search = clock(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local count = (#ARGV - 5) / 4
local counters, members = {}, {}

for i = 1, count do
  local at = 5 + (i - 1) * 4
  local counterKey, holdsKey = KEYS[2 * i - 1], KEYS[2 * i]
  local counter = open(redis.call('MGET', counterKey)[1], tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), now)
  if purge(counter, holdsKey, now) then save(counterKey, counter, true, length, now) end

  local member = id .. ':' .. ARGV[at + 2]
  if not redis.call('ZSCORE', holdsKey, member) then
    member = nil
    if search then
      for _, other in ipairs(redis.call('ZRANGE', holdsKey, 0, -1)) do
        if string.sub(other, 1, #id) == id then member = other end
      end
    end
  end
  counters[i], members[i] = counter, member

  local others = counter[HELD] - (member and amountOf(member) or 0)
  granted = math.min(granted, tonumber(ARGV[at + 1]) - counter[USED] - others - tonumber(ARGV[at + 2]))
end

if granted <= 0 then return 0 end

for i = 1, count do
  local at = 5 + (i - 1) * 4
  local counter, holdsKey = counters[i], KEYS[2 * i]
  if members[i] then release(counter, holdsKey, id, string.sub(members[i], #id + 2), false) end
  hold(counter, holdsKey, id, tonumber(ARGV[at + 2]) + granted, length, now)
  save(KEYS[2 * i - 1], counter, true, length, now)
end
return int(granted)
