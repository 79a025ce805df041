#!lua
-- Read the units left of SKUs of one shard together with the sequence they belong to.
-- KEYS  1 sequence STRING   2.. stock HASH of each SKU
-- ARGV  none
-- Returns {sequence, left, …} as decimal strings; '' for a SKU that is not there.
-- Called by shop/counters.py
local found = {redis.call('GET', KEYS[1]) or '0'}
for i = 2, #KEYS do
  found[i] = redis.call('HGET', KEYS[i], 'avail') or ''
end
return found
