#!lua
-- Fill a shard from the book and open it for sale; an open shard is left as it is.
-- KEYS  1 ready STRING   2 sequence STRING   3 stream STREAM   4 deadlines ZSET, then one key
--       for each item of ARGV 1, in its order: stock, holds, gone, applied, undone
-- ARGV  1 JSON, every number a string: stock [[SKU, total, held, sold, avail, pv]],
--       holds [[member, fingerprint, deadline, [[SKU, units]]]], and how many keys there
--       are of `gone` holds that the book does not know, of adjustments and restocks
--       `applied` [[delta, left]] to the book, and of adjustments `undone` there
--       2 life of an adjustment (ms)
-- Returns 'open' when it was open, else 'rebuilt'.
-- Called by shop/rebuild.py
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 'open'
end
local book = cjson.decode(ARGV[1])
local at = 4
local function key()
  at = at + 1
  return KEYS[at]
end
-- Ids of the stream must go on rising even if all was lost: who follows it keeps its place.
-- Nobody changes stock a million times a second, so microseconds are ahead of any count.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local count = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
if count < tonumber(now) then
  redis.call('SET', KEYS[2], now)
end
redis.call('DEL', KEYS[3], KEYS[4])
for _, row in ipairs(book.stock) do
  local stock = key()
  redis.call('DEL', stock)
  redis.call('HSET', stock, 'total', row[2], 'held', row[3], 'sold', row[4], 'avail', row[5],
    'pv', row[6])
  local n = string.format('%.0f-0', redis.call('INCR', KEYS[2]))
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, n, row[1], row[5])
end
for _, row in ipairs(book.holds) do
  local hold = key()
  redis.call('DEL', hold)
  redis.call('HSET', hold, 'st', 'H', 'fp', row[2], 'dl', row[3], 'n', #row[4])
  for i, line in ipairs(row[4]) do
    redis.call('HSET', hold, 'k' .. i, line[1], 'q' .. i, line[2])
  end
  redis.call('ZADD', KEYS[4], row[3], row[1])
end
for _ = 1, book.gone do
  redis.call('DEL', key())
end
for _, row in ipairs(book.applied) do
  redis.call('SET', key(), row[1] .. ' ' .. row[2], 'PX', ARGV[2])
end
for _ = 1, book.undone do
  redis.call('DEL', key())
end
redis.call('SET', KEYS[1], now)
return 'rebuilt'
