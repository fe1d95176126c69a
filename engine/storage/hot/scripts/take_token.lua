-- Takes a token from a bucket. KEYS: the bucket[, how many were taken today]; ARGV: microseconds a token takes to come
-- back, how many it holds[, how many a day, seconds that the day's clocks are ahead of UTC].
-- Answers 0 when there was one, else the microseconds until there is. The bucket is the moment at which it is full again.
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000000 + micros
local tomorrow = KEYS[2] and seconds + 86400 - (seconds + ARGV[4]) % 86400
if KEYS[2] and tonumber(redis.call('GET', KEYS[2]) or 0) >= tonumber(ARGV[3]) then return tomorrow * 1000000 - now end
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
local wait = full - now - (burst - 1) * interval
if wait > 0 then return wait end
full = math.max(full, now) + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
-- Forgotten a second before midnight: a count that is there a moment after it would refuse a whole new day.
if KEYS[2] and redis.call('INCR', KEYS[2]) == 1 then
  redis.call('EXPIREAT', KEYS[2], string.format('%.0f', tomorrow - 1))
end
return 0
