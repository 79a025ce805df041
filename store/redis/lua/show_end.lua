#!lua
-- End a live show, unpinning first; one that is not live stays as it is.
-- KEYS  1 state HASH   2 feed STREAM
-- ARGV  1 now (Unix ms)   2 unpinned event   3 show.ended event   4 feed entries kept
-- Returns 'missing', 'same' or 'ok'.
-- Called by live/shows.py
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return 'missing'
end
if state ~= 'live' then
  return 'same'
end
local function emit(event)
  local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], string.format('%.0f-0', seq), 'e', event)
end
if redis.call('HDEL', KEYS[1], 'pinned', 'pinned_at') > 0 then
  emit(ARGV[2])
end
redis.call('HSET', KEYS[1], 'state', 'ended', 'ended_at', ARGV[1])
emit(ARGV[3])
return 'ok'
