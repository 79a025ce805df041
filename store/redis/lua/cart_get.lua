#!lua
-- Read a cart.
-- KEYS  1 cart HASH
-- ARGV  none
-- Returns {'same', field, value, …}, as every script of carts does.
-- Called by cart/carts.py
return {'same', unpack(redis.call('HGETALL', KEYS[1]))}
