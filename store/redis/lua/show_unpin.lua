#!lua
-- Take the pinned product away; without one nothing changes.
-- KEYS  1 state HASH   2 feed STREAM
-- ARGV  1 unpinned event (JSON)   2 feed entries kept
-- Returns 'missing', 'closed', 'same' or 'ok'.
-- Called by live/shows.py
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return 'missing'
end
if state ~= 'live' then
  return 'closed'
end
if redis.call('HDEL', KEYS[1], 'pinned', 'pinned_at') == 0 then
  return 'same'
end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], string.format('%.0f-0', seq), 'e', ARGV[1])
return 'ok'
