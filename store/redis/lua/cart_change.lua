#!lua
-- Change a line of a cart, or empty it; the version rises if anything really changed.
-- KEYS  1 cart HASH
-- ARGV  1 'add', 'set' or 'clear'   2 life (ms)   3 SKU   4 units (0..999; 0 only to set)
--       5 currency   6 most lines   7 most units of a line
-- Returns {'changed' or 'same', field, value, …} with the whole cart, or {reason}: 'bad',
-- 'currency', 'lines' or 'units'.
-- Called by cart/carts.py
local cart = KEYS[1]
local op, life, sku, units = unpack(ARGV, 1, 4)
local version = redis.call('HGET', cart, ':v') or '0'
local lines = redis.call('HLEN', cart) - redis.call('HEXISTS', cart, ':v')
  - redis.call('HEXISTS', cart, ':cur')
local changed = false
if op == 'clear' then
  changed = lines > 0
  if changed then
    redis.call('DEL', cart)
    redis.call('HSET', cart, ':v', version)
  end
else
  if not (units:match('^[1-9]%d?%d?$') or (op == 'set' and units == '0')) then
    return {'bad'}
  end
  local had = tonumber(redis.call('HGET', cart, sku) or '0')
  local now = tonumber(units) + (op == 'add' and had or 0)
  if now > tonumber(ARGV[7]) then
    return {'units'}
  end
  if now > 0 and lines > 0 and redis.call('HGET', cart, ':cur') ~= ARGV[5] then
    return {'currency'}
  end
  if now > 0 and had == 0 and lines >= tonumber(ARGV[6]) then
    return {'lines'}
  end
  changed = now ~= had
  if changed and now > 0 then
    redis.call('HSET', cart, sku, now, ':cur', ARGV[5])
  elseif changed then
    redis.call('HDEL', cart, sku, lines == 1 and ':cur' or sku)
  end
end
if changed then
  redis.call('HINCRBY', cart, ':v', 1)
  redis.call('PEXPIRE', cart, life)
end
return {changed and 'changed' or 'same', unpack(redis.call('HGETALL', cart))}
