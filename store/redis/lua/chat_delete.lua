#!lua
-- Delete one message for everybody.
-- KEYS  1 state HASH   2 feed STREAM   3 chat ZSET   4 chat bodies HASH
-- ARGV  1 message   2 chat.deleted event (JSON)   3 feed entries kept
-- Returns 'missing', 'unknown' or 'ok'.
-- Called by live/chat.py
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'missing'
end
if redis.call('ZREM', KEYS[3], ARGV[1]) == 0 then
  return 'unknown'
end
redis.call('HDEL', KEYS[4], ARGV[1])
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', seq), 'e', ARGV[2])
return 'ok'
