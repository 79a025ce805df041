#!lua
-- Mute a viewer until a time, or ban one for good.
-- KEYS  1 state HASH   2 muted or banned HASH
-- ARGV  1 viewer   2 until (Unix ms) or reason
-- Returns 'missing' or 'ok'.
-- Called by live/chat.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'missing'
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 'ok'
