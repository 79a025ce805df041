#!lua
-- Report a node's viewers and likes, and read everybody's.
-- KEYS  1 state HASH   2 presence HASH   3 banned HASH   4 sales HASH
-- ARGV  1 node   2 its viewers   3 its new likes   4 now (Unix ms)
--       5 a node silent for so long (ms) is gone
-- Returns {epoch, seq, viewers on other nodes, likes, banned viewers, sales pairs},
--         or {} when there is no such show.
-- Called by live/gauges.py; a repeat after a lost reply may count its likes twice, which a
-- gauge can bear.
local state = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if not state[1] then
  return {}
end
local others = 0
local report = redis.call('HGETALL', KEYS[2])
for i = 1, #report, 2 do
  local viewers, seen = string.match(report[i + 1], '^(%d+):(%d+)$')
  if report[i] ~= ARGV[1] then
    if tonumber(seen) + tonumber(ARGV[5]) < tonumber(ARGV[4]) then
      redis.call('HDEL', KEYS[2], report[i])
    else
      others = others + tonumber(viewers)
    end
  end
end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ':' .. ARGV[4])
end
local likes = redis.call('HINCRBY', KEYS[1], 'likes', ARGV[3])
return {state[1], state[2], string.format('%.0f', others), string.format('%.0f', likes),
  redis.call('HLEN', KEYS[3]), redis.call('HGETALL', KEYS[4])}
