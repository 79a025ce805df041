#!lua
-- End a hold: its units become sold, or go back on sale; a repeat changes nothing.
-- KEYS  1 ready STRING   2 hold HASH   3 deadlines ZSET   4 sequence STRING   5 stream STREAM
--       6.. stock HASH of each line of the hold
-- ARGV  1 member of the deadlines   2 'C' sold, 'R' released, 'F' released and forgotten
--       3 life of the ended record (ms)   4 the deadline that the hold must still have, or ''
--       5.. SKU of each line
-- Returns 'settled', 'same', 'other' (it ended the other way), 'none' (there is no hold),
-- 'closed', 'lines' (these are not the hold's), 'kept' (it has another deadline: somebody wants it)
-- or 'drift' (the counters cannot give it).
-- Called by cart/holds.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'closed'
end
local state = redis.call('HGET', KEYS[2], 'st')
local target = ARGV[2]
if not state then
  return 'none'
elseif state ~= 'H' then
  if target == 'F' and state == 'R' then
    redis.call('DEL', KEYS[2])
  end
  return (state == 'C') == (target == 'C') and 'same' or 'other'
end
if ARGV[4] ~= '' and redis.call('HGET', KEYS[2], 'dl') ~= ARGV[4] then
  return 'kept'
end
local lines = #KEYS - 5
if redis.call('HGET', KEYS[2], 'n') ~= tostring(lines) then
  return 'lines'
end
local units, left = {}, {}
for i = 1, lines do
  local line = redis.call('HMGET', KEYS[2], 'k' .. i, 'q' .. i)
  local stock = redis.call('HMGET', KEYS[5 + i], 'avail', 'held', 'sold')
  if line[1] ~= ARGV[4 + i] then
    return 'lines'
  end
  units[i] = line[2]
  local avail, held = tonumber(stock[1] or ''), tonumber(stock[2] or '')
  if not (avail and held and tonumber(stock[3] or '')) or held < tonumber(units[i]) then
    return 'drift'
  end
  left[2 * i - 1], left[2 * i] = ARGV[4 + i], string.format('%.0f', avail + units[i])
end
redis.call('ZREM', KEYS[3], ARGV[1])
if target ~= 'C' then
  local n = string.format('%.0f-0', redis.call('INCR', KEYS[4]))
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, n, unpack(left))
end
for i = 1, lines do
  redis.call('HINCRBY', KEYS[5 + i], 'held', '-' .. units[i])
  redis.call('HINCRBY', KEYS[5 + i], target == 'C' and 'sold' or 'avail', units[i])
end
if target == 'F' then
  redis.call('DEL', KEYS[2])
else
  redis.call('HSET', KEYS[2], 'st', target)
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 'settled'
