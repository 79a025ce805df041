#!lua
-- Tell a show that a product of its bag has changed.
-- KEYS  1 state HASH   2 products HASH   3 feed STREAM
-- ARGV  1 product   2 PRODUCT (JSON)   3 its SKUs   4 product.changed event (JSON)
--       5 feed entries kept   6 most SKUs of a bag
-- Returns {'missing'}, {'absent'} (not in this bag), {'same'}, {'ok'} or {'limit', how many
--         SKUs the product may have}.
-- Called by live/bag.py
local held = redis.call('HGET', KEYS[1], 'skus')
if not held then
  return {'missing'}
end
local body = redis.call('HGET', KEYS[2], ARGV[1])
if not body then
  return {'absent'}
end
if body == ARGV[2] then
  return {'same'}
end
local before = #cjson.decode(body).skus
local fits = math.max(tonumber(ARGV[6]) - tonumber(held) + before, before)
if tonumber(ARGV[3]) > fits then
  return {'limit', string.format('%.0f', fits)}
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'skus', string.format('%.0f', tonumber(ARGV[3]) - before))
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], string.format('%.0f-0', seq), 'e', ARGV[4])
return {'ok'}
