#!lua
-- Take the lines of a paid checkout out of the cart, once; what was added since stays.
-- KEYS  1 cart HASH   2 marker of the checkout STRING
-- ARGV  1 life of the cart (ms)   2 life of the marker (ms)   3.. SKU and units of each line
-- Returns {'changed' or 'same', field, value, …} with the whole cart, or {'bad'}.
-- Called by cart/carts.py
local cart = KEYS[1]
for i = 4, #ARGV, 2 do
  if not ARGV[i]:match('^[1-9]%d?%d?$') then
    return {'bad'}
  end
end
local changed = false
redis.call('HLEN', cart)
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then
  for i = 3, #ARGV, 2 do
    local had = tonumber(redis.call('HGET', cart, ARGV[i]) or '0')
    local now = had - tonumber(ARGV[i + 1])
    if now > 0 then
      redis.call('HSET', cart, ARGV[i], now)
    elseif had > 0 then
      redis.call('HDEL', cart, ARGV[i])
    end
    changed = changed or had > 0
  end
end
if changed then
  if redis.call('HLEN', cart) == 2 then
    redis.call('HDEL', cart, ':cur')
  end
  redis.call('HINCRBY', cart, ':v', 1)
  redis.call('PEXPIRE', cart, ARGV[1])
end
return {changed and 'changed' or 'same', unpack(redis.call('HGETALL', cart))}
