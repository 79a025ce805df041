#!lua
-- Make a show with an empty feed; what exists stays as it is.
-- KEYS  1 state HASH   2 feed STREAM
-- ARGV  1 epoch   2.. field, value pairs of the state
-- Returns 1 when made, 0 when it was there.
-- Called by live/shows.py
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', '0', 'likes', '0', 'skus', '0',
  unpack(ARGV, 2))
-- A feed that outlived its state would refuse the new numbers, which are lower.
redis.call('DEL', KEYS[2])
return 1
