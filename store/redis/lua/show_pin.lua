#!lua
-- Pin a product of the bag; pinning what is pinned changes nothing.
-- KEYS  1 state HASH   2 bag LIST   3 feed STREAM
-- ARGV  1 product   2 now (Unix ms)   3 pinned event (JSON)   4 feed entries kept
-- Returns 'missing', 'closed', 'unknown', 'same' or 'ok'.
-- Called by live/shows.py
local state = redis.call('HMGET', KEYS[1], 'state', 'pinned')
if not state[1] then
  return 'missing'
end
if state[1] ~= 'live' then
  return 'closed'
end
if not redis.call('LPOS', KEYS[2], ARGV[1]) then
  return 'unknown'
end
if state[2] == ARGV[1] then
  return 'same'
end
redis.call('HSET', KEYS[1], 'pinned', ARGV[1], 'pinned_at', ARGV[2])
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], string.format('%.0f-0', seq), 'e', ARGV[3])
return 'ok'
