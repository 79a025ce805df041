#!lua
-- Move the deadline of a hold later; only later, and only while it holds.
-- KEYS  1 ready STRING   2 hold HASH   3 deadlines ZSET
-- ARGV  1 member of the deadlines   2 deadline (Unix ms)
-- Returns 'extended', 'same' (it was as late before), 'none' (nothing is held), 'closed'
-- or 'bad' (this is no deadline).
-- Called by cart/holds.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'closed'
end
local hold = redis.call('HMGET', KEYS[2], 'st', 'dl')
local deadline = ARGV[2]:match('^%d+$') and tonumber(ARGV[2])
if not deadline then
  return 'bad'
end
if hold[1] ~= 'H' then
  return 'none'
end
if tonumber(hold[2]) >= deadline then
  return 'same'
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], 'dl', ARGV[2])
return 'extended'
