#!lua
-- Say something in a live show, within the viewer's own budget (GCRA).
-- KEYS  1 state HASH   2 feed STREAM   3 chat ZSET   4 chat bodies HASH   5 muted HASH
--       6 banned HASH  7 pace STRING (when the viewer's budget is whole again, Unix ms)
-- ARGV  1 viewer   2 message   3 now (Unix ms)   4 chat event (JSON)   5 feed entries kept
--       6 messages kept   7 ms a message   8 burst   9 '1' when the pace does not apply
-- Returns {'missing'}, {'closed'}, {'banned'}, {'muted', until}, {'paced', wait ms} or {'ok'}.
-- Called by live/chat.py
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return {'missing'}
end
if state ~= 'live' then
  return {'closed'}
end
if redis.call('HEXISTS', KEYS[6], ARGV[1]) == 1 then
  return {'banned'}
end
local now = tonumber(ARGV[3])
local muted_until = redis.call('HGET', KEYS[5], ARGV[1])
if muted_until and tonumber(muted_until) > now then
  return {'muted', muted_until}
end
if ARGV[9] ~= '1' then
  local every = tonumber(ARGV[7])
  local whole = math.max(tonumber(redis.call('GET', KEYS[7]) or ARGV[3]), now) + every
  local wait = whole - now - every * tonumber(ARGV[8])
  if wait > 0 then
    return {'paced', string.format('%.0f', wait)}
  end
  redis.call('SET', KEYS[7], string.format('%.0f', whole),
    'PX', string.format('%.0f', math.max(1, whole - now)))
end
local seq = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'seq', 1))
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], seq .. '-0', 'e', ARGV[4])
redis.call('ZADD', KEYS[3], seq, ARGV[2])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[4])
local old = redis.call('ZRANGE', KEYS[3], 0, -(tonumber(ARGV[6]) + 1))
if #old > 0 then
  redis.call('ZREM', KEYS[3], unpack(old))
  redis.call('HDEL', KEYS[4], unpack(old))
end
return {'ok'}
