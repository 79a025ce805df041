#!lua
-- Everything a node needs to open a show, as of one moment.
-- KEYS  1 state HASH   2 bag LIST   3 products HASH   4 chat ZSET   5 chat bodies HASH
--       6 banned HASH  7 feed STREAM
-- ARGV  1 chat messages wanted   2 feed entries wanted
-- Returns {state pairs, bag, product pairs, {seq, chat body…} oldest first, banned viewers,
--          feed entries newest first}, or {} when there is no such show.
-- Called by live/rooms.py
local state = redis.call('HGETALL', KEYS[1])
if #state == 0 then
  return {}
end
local scored = redis.call('ZRANGE', KEYS[4], -tonumber(ARGV[1]), -1, 'WITHSCORES')
local chat = {}
for i = 1, #scored, 2 do
  local body = redis.call('HGET', KEYS[5], scored[i])
  if body then
    chat[#chat + 1] = scored[i + 1]
    chat[#chat + 1] = body
  end
end
return {
  state,
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('HGETALL', KEYS[3]),
  chat,
  redis.call('HKEYS', KEYS[6]),
  redis.call('XREVRANGE', KEYS[7], '+', '-', 'COUNT', ARGV[2]),
}
