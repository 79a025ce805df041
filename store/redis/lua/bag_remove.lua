#!lua
-- Take a product out of the bag, unpinning it first.
-- KEYS  1 state HASH   2 bag LIST   3 products HASH   4 feed STREAM
-- ARGV  1 product   2 unpinned event   3 bag.changed event (JSON, no bag)
--       4 feed entries kept
-- Returns {'missing'}, {'unknown'} or {'ok', bag…}.
-- Called by live/bag.py
local state = redis.call('HMGET', KEYS[1], 'skus', 'pinned')
if not state[1] then
  return {'missing'}
end
local body = redis.call('HGET', KEYS[3], ARGV[1])
if not body then
  return {'unknown'}
end
local skus = #cjson.decode(body).skus
local function emit(...)
  local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], string.format('%.0f-0', seq), ...)
end
if state[2] == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'pinned', 'pinned_at')
  emit('e', ARGV[2])
end
redis.call('LREM', KEYS[2], 0, ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'skus', string.format('%.0f', -skus))
local bag = redis.call('LRANGE', KEYS[2], 0, -1)
emit('e', ARGV[3], 'bag', table.concat(bag, ','))
return {'ok', unpack(bag)}
