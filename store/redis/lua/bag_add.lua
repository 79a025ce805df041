#!lua
-- Put a product at the end of the bag; what is in it stays where it is.
-- KEYS  1 state HASH   2 bag LIST   3 products HASH   4 feed STREAM
-- ARGV  1 product   2 PRODUCT (JSON)   3 its SKUs   4 bag.changed event (JSON, no bag)
--       5 feed entries kept   6 most products   7 most SKUs   8 PRODUCT with the units left
-- Returns {'missing'}, {'limit', most} or {'same' or 'ok', bag…}.
-- Called by live/bag.py
local held = redis.call('HGET', KEYS[1], 'skus')
if not held then
  return {'missing'}
end
local bag = redis.call('LRANGE', KEYS[2], 0, -1)
for _, product in ipairs(bag) do
  if product == ARGV[1] then
    return {'same', unpack(bag)}
  end
end
if #bag >= tonumber(ARGV[6]) then
  return {'limit', ARGV[6]}
end
if tonumber(held) + tonumber(ARGV[3]) > tonumber(ARGV[7]) then
  return {'limit', ARGV[7]}
end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'skus', ARGV[3])
bag[#bag + 1] = ARGV[1]
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[5], string.format('%.0f-0', seq),
  'e', ARGV[4], 'bag', table.concat(bag, ','), 'p', ARGV[8])
return {'ok', unpack(bag)}
