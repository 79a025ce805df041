#!lua
-- Put a parcel of lines into a cart, once: units add up to the most allowed, lines in
-- another currency or beyond the most allowed are left out.
-- KEYS  1 cart HASH   2 marker of the parcel STRING
-- ARGV  1 life of the cart (ms)   2 life of the marker (ms)   3 currency   4 most lines
--       5 most units of a line   6.. SKU and units of each line
-- Returns {'changed' or 'same', field, value, …} with the whole cart, or {'bad'}.
-- Called by cart/parcels.py
local cart = KEYS[1]
for i = 7, #ARGV, 2 do
  if not ARGV[i]:match('^[1-9]%d?%d?$') then
    return {'bad'}
  end
end
local changed = false
local lines = redis.call('HLEN', cart) - redis.call('HEXISTS', cart, ':v')
  - redis.call('HEXISTS', cart, ':cur')
local same_currency = lines == 0 or redis.call('HGET', cart, ':cur') == ARGV[3]
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) and same_currency then
  for i = 6, #ARGV, 2 do
    local had = tonumber(redis.call('HGET', cart, ARGV[i]) or '0')
    local now = math.min(tonumber(ARGV[5]), had + tonumber(ARGV[i + 1]))
    if now ~= had and (had > 0 or lines < tonumber(ARGV[4])) then
      redis.call('HSET', cart, ARGV[i], now, ':cur', ARGV[3])
      lines = lines + (had > 0 and 0 or 1)
      changed = true
    end
  end
end
if changed then
  redis.call('HINCRBY', cart, ':v', 1)
  redis.call('PEXPIRE', cart, ARGV[1])
end
return {changed and 'changed' or 'same', unpack(redis.call('HGETALL', cart))}
