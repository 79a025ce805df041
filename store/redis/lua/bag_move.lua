#!lua
-- Move a product of the bag to a position; past the end is the end.
-- KEYS  1 state HASH   2 bag LIST   3 feed STREAM
-- ARGV  1 product   2 position, from 1   3 bag.changed event (JSON, no bag)
--       4 feed entries kept
-- Returns {'missing'}, {'unknown'} or {'same' or 'ok', bag…}.
-- Called by live/bag.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'missing'}
end
local bag = redis.call('LRANGE', KEYS[2], 0, -1)
local from
for place, product in ipairs(bag) do
  if product == ARGV[1] then
    from = place
  end
end
if not from then
  return {'unknown'}
end
local to = math.min(tonumber(ARGV[2]), #bag)
if to == from then
  return {'same', unpack(bag)}
end
table.remove(bag, from)
table.insert(bag, to, ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('RPUSH', KEYS[2], unpack(bag))
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], string.format('%.0f-0', seq),
  'e', ARGV[3], 'bag', table.concat(bag, ','))
return {'ok', unpack(bag)}
