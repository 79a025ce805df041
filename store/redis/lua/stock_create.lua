#!lua
-- Make the counters of SKUs, all zero, or raise the price version of what is there.
-- KEYS  1.. stock HASH of each SKU
-- ARGV  1.. price version of each SKU
-- Returns 'ok' or 'bad'.
-- Called by shop/counters.py
if #KEYS ~= #ARGV then
  return 'bad'
end
local present = {}
for i, key in ipairs(KEYS) do
  present[i] = redis.call('HGET', key, 'pv')
  if not ARGV[i]:match('^[1-9]%d*$') or #ARGV[i] > 9 then
    return 'bad'
  end
end
for i, key in ipairs(KEYS) do
  if not present[i] then
    redis.call('HSET', key, 'total', 0, 'avail', 0, 'held', 0, 'sold', 0, 'pv', ARGV[i])
  elseif (tonumber(present[i]) or 0) < tonumber(ARGV[i]) then
    redis.call('HSET', key, 'pv', ARGV[i])
  end
end
return 'ok'
