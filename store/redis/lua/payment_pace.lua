#!lua
-- Take the next turn of those that follow each other at an even pace.
-- KEYS  1 pace STRING
-- ARGV  1 from one turn to the next (µs)   2 turns that can be given ahead (1..)
-- Returns how long to wait for the turn (µs). A turn that nobody uses is lost.
-- Called by checkout/payments/pace.py
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval = tonumber(ARGV[1])
local turn = tonumber(redis.call('GET', KEYS[1]) or '') or now
if turn < now or turn > now + interval * tonumber(ARGV[2]) then
  -- So far ahead only a clock that was set back can make it.
  turn = now
end
local after = turn + interval
local life = math.ceil((after - now) / 1000) + 1000
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', string.format('%.0f', life))
return string.format('%.0f', turn - now)
