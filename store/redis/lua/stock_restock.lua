#!lua
-- Put sold units of a shop back on sale, once. Who asks has seen in the book, since the shard was
-- filled from it, that it is still to be done: else the filling may contain it already.
-- KEYS  1 ready STRING   2 restocked STRING   3 sequence STRING   4 stream STREAM
--       5.. stock HASH of each line
-- ARGV  1 life of the record of it (ms)   2 the filling that was seen
--       3.. SKU and units (> 0) of each line
-- Returns 'restocked', 'same' (it was done before), 'closed' (also when it was filled anew), 'bad',
-- 'missing' or 'drift' (fewer are sold).
-- Called by shop/restock.py
if redis.call('GET', KEYS[1]) ~= ARGV[2] then
  return 'closed'
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return 'same'
end
local lines = #KEYS - 4
if lines < 1 or lines > 50 or #ARGV ~= 2 + 2 * lines then
  return 'bad'
end
local seen, left = {}, {}
for i = 1, lines do
  local sku, units = ARGV[1 + 2 * i], ARGV[2 + 2 * i]
  if seen[sku] or not units:match('^[1-9]%d?%d?$') then
    return 'bad'
  end
  seen[sku] = true
  local stock = redis.call('HMGET', KEYS[4 + i], 'avail', 'sold')
  local avail, sold = tonumber(stock[1] or ''), tonumber(stock[2] or '')
  if not avail or not sold then
    return 'missing'
  elseif sold < tonumber(units) then
    return 'drift'
  end
  left[2 * i - 1], left[2 * i] = sku, string.format('%.0f', avail + units)
end
-- Lua has no rollback: what could still fail comes first, before any stock has moved.
local n = string.format('%.0f-0', redis.call('INCR', KEYS[3]))
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, n, unpack(left))
redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
for i = 1, lines do
  local units = ARGV[2 + 2 * i]
  redis.call('HINCRBY', KEYS[4 + i], 'sold', '-' .. units)
  redis.call('HINCRBY', KEYS[4 + i], 'avail', units)
end
return 'restocked'
