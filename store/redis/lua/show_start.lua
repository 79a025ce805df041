#!lua
-- Go live; a live show stays as it is.
-- KEYS  1 state HASH   2 feed STREAM
-- ARGV  1 now (Unix ms)   2 show.started event (JSON)   3 feed entries kept
-- Returns 'missing', 'same' or 'ok'.
-- Called by live/shows.py
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return 'missing'
end
if state == 'live' then
  return 'same'
end
redis.call('HSET', KEYS[1], 'state', 'live', 'started_at', ARGV[1])
redis.call('HDEL', KEYS[1], 'ended_at')
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', seq), 'e', ARGV[2])
return 'ok'
