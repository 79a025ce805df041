#!lua
-- End a viewer's turn at opening a checkout, unless it ran out and is another's by now.
-- KEYS  1 opening STRING
-- ARGV  1 token of the turn
-- Returns 1 when it was ended, 0 when it had run out.
-- Called by checkout/turns.py
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
