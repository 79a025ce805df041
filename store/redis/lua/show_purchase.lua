#!lua
-- Tell a show of a purchase, once: an event for each product, and the show's sales.
-- KEYS  1 state HASH   2 feed STREAM   3 delivered ZSET   4 sales HASH   5 sold HASH
-- ARGV  1 event id   2 now (Unix ms)   3 feed entries kept   4 ids remembered
--       5 currency   6 orders   7 units   8 revenue (minor units)
--       9.. for each product: its id, units and purchase event (JSON)
-- Returns 'missing', 'same' or 'ok'.
-- Called by live/sales.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'missing'
end
if redis.call('ZADD', KEYS[3], 'NX', ARGV[2], ARGV[1]) == 0 then
  return 'same'
end
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -(tonumber(ARGV[4]) + 1))
redis.call('HINCRBY', KEYS[4], 'orders:' .. ARGV[5], ARGV[6])
redis.call('HINCRBY', KEYS[4], 'units:' .. ARGV[5], ARGV[7])
redis.call('HINCRBY', KEYS[4], 'revenue:' .. ARGV[5], ARGV[8])
for i = 9, #ARGV, 3 do
  redis.call('HINCRBY', KEYS[5], ARGV[i], ARGV[i + 1])
  local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', seq), 'e', ARGV[i + 2])
end
return 'ok'
