#!lua
-- Change how many units of a SKU there are to sell, once. Who asks has seen in the book, since the
-- shard was filled from it, that it is still to be done: else the filling may contain it already.
-- KEYS  1 ready STRING   2 stock HASH   3 adjustment STRING   4 sequence STRING
--       5 stream STREAM
-- ARGV  1 SKU   2 'add' or 'cap'   3 units: a signed delta to add, or the most to leave
--       4 life of the adjustment (ms)   5 the filling that was seen
-- Returns {'ok', delta, left}, or {'closed'} (also when it was filled anew), {'bad'}, {'missing'},
-- {'short'}: fewer are left than are to be taken away, and that stays this adjustment's answer.
-- Called by shop/stock.py
if redis.call('GET', KEYS[1]) ~= ARGV[5] then
  return {'closed'}
end
local made = redis.call('GET', KEYS[3])
if made then
  local delta, left = made:match('^(%-?%d+) (%d+)$')
  return delta and {'ok', delta, left} or {'short'}
end
if not ARGV[3]:match('^%-?%d+$') or #ARGV[3] > 13 then
  return {'bad'}
end
local stock = redis.call('HMGET', KEYS[2], 'avail', 'total')
local avail, total = tonumber(stock[1] or ''), tonumber(stock[2] or '')
if not avail or not total then
  return {'missing'}
end
local delta = tonumber(ARGV[3])
if ARGV[2] == 'cap' then
  delta = math.min(0, delta - avail)
end
if avail + delta < 0 then
  redis.call('SET', KEYS[3], 'short', 'PX', ARGV[4])
  return {'short'}
end
-- Numbers of Lua are doubles: '%.0f' writes them whole, '..' would not.
local change, left = string.format('%.0f', delta), string.format('%.0f', avail + delta)
if delta ~= 0 then
  local n = string.format('%.0f', redis.call('INCR', KEYS[4]))
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, n .. '-0', ARGV[1], left)
  redis.call('HINCRBY', KEYS[2], 'total', change)
  redis.call('HINCRBY', KEYS[2], 'avail', change)
end
redis.call('SET', KEYS[3], change .. ' ' .. left, 'PX', ARGV[4])
return {'ok', change, left}
