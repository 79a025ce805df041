#!lua
-- Take a guest's lines out of its cart as a parcel for an account, which keeps them safe
-- until they arrive; a parcel on its way is handed out again.
-- KEYS  1 guest's cart HASH   2 parcel HASH
-- ARGV  1 viewer   2 parcel's id if there is a new one   3 id of the parcel that has arrived,
--       or ''   4 life of cart and parcel (ms)
-- Returns {} when there is nothing to take, or {field, value, …} of the parcel.
-- Called by cart/parcels.py
local cart, parcel = KEYS[1], KEYS[2]
local waiting = redis.call('HGET', parcel, ':id')
if waiting and waiting == ARGV[3] then
  redis.call('DEL', parcel)
  waiting = false
end
if not waiting then
  local version = redis.call('HGET', cart, ':v')
  if redis.call('HEXISTS', cart, ':cur') == 0 then
    return {}
  end
  redis.call('RENAME', cart, parcel)
  redis.call('HSET', parcel, ':id', ARGV[2], ':to', ARGV[1])
  redis.call('PEXPIRE', parcel, ARGV[4])
  redis.call('HSET', cart, ':v', version or '0')
  redis.call('HINCRBY', cart, ':v', 1)
  redis.call('PEXPIRE', cart, ARGV[4])
end
return redis.call('HGETALL', parcel)
