#!lua
-- Hold units of a shop for a checkout, all lines or none. A repeat changes nothing but the deadline
-- of what is held: so whoever takes it for an orphan's sees that it is wanted.
-- KEYS  1 ready STRING   2 hold HASH   3 deadlines ZSET   4 sequence STRING   5 stream STREAM
--       6.. stock HASH of each line
-- ARGV  1 member of the deadlines   2 fingerprint of the request   3 deadline (Unix ms)
--       4.. SKU, units (1..999) and price version of each line
-- Returns {'held'}, {'repeat', state}, {'closed'}, {'reused'}, or {reason, line from 1}
-- with 'bad', 'missing', 'stale' or 'sold_out'.
-- Called by cart/holds.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'closed'}
end
local known = redis.call('HMGET', KEYS[2], 'st', 'fp')
if known[1] then
  if known[2] ~= ARGV[2] then
    return {'reused'}
  end
  if known[1] == 'H' and ARGV[3]:match('^%d+$') then
    redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
    redis.call('HSET', KEYS[2], 'dl', ARGV[3])
  end
  return {'repeat', known[1]}
end
local lines = #KEYS - 5
if lines < 1 or lines > 50 or #ARGV ~= 3 + 3 * lines or not ARGV[3]:match('^%d+$') then
  return {'bad', 0}
end
local seen, change, newer = {}, {}, {}
local record = {'st', 'H', 'fp', ARGV[2], 'dl', ARGV[3], 'n', lines}
for i = 1, lines do
  local sku, units, pv = unpack(ARGV, 3 * i + 1, 3 * i + 3)
  if seen[sku] or not units:match('^[1-9]%d?%d?$') or not pv:match('^[1-9]%d*$') then
    return {'bad', i}
  end
  seen[sku] = true
  local stock = redis.call('HMGET', KEYS[5 + i], 'avail', 'held', 'pv')
  local avail, version = tonumber(stock[1] or ''), tonumber(stock[3] or '')
  if not (avail and version and tonumber(stock[2] or '')) then
    return {'missing', i}
  end
  if tonumber(pv) < version then
    return {'stale', i}
  end
  if avail < tonumber(units) then
    return {'sold_out', i}
  end
  newer[i] = tonumber(pv) > version
  change[2 * i - 1], change[2 * i] = sku, string.format('%.0f', avail - tonumber(units))
  for _, field in ipairs({'k' .. i, sku, 'q' .. i, units}) do
    record[#record + 1] = field
  end
end
-- Lua has no rollback: what could still fail comes first, before any stock has moved.
local n = string.format('%.0f-0', redis.call('INCR', KEYS[4]))
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
redis.call('XADD', KEYS[5], 'MAXLEN', '~', 10000, n, unpack(change))
redis.call('HSET', KEYS[2], unpack(record))
for i = 1, lines do
  local units, pv = unpack(ARGV, 3 * i + 2, 3 * i + 3)
  redis.call('HINCRBY', KEYS[5 + i], 'avail', '-' .. units)
  redis.call('HINCRBY', KEYS[5 + i], 'held', units)
  if newer[i] then
    -- The book's new price came with a buyer before the shop's own message.
    redis.call('HSET', KEYS[5 + i], 'pv', pv)
  end
end
return {'held'}
