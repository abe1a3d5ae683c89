-- Reads counters without changing them.
--
-- KEYS  per counter: the counter, its holds
-- ARGV  time or 0; then per counter: window, segment
-- Gives a packed array: used, held, reset per counter.

local args = cmsgpack.unpack(ARGV[1])
local now = clock(args[1])
local answer = {}
for i = 1, (#args - 1) / 2 do
  local counter = open(redis.call('MGET', KEYS[2 * i - 1])[1], args[2 * i], args[2 * i + 1], now)
  local held = counter[HELD]
  if held > 0 and now >= counter[EXPIRY] then
    held = 0
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2 * i], '(' .. int(now), '+inf')) do held = held + amountOf(member) end
  end
  local length = #answer
  answer[length + 1], answer[length + 2], answer[length + 3] = counter[USED], held, reset(counter, now)
end
return cmsgpack.pack(answer)
