-- Takes a token from a bucket. KEYS: the bucket; ARGV: microseconds a token takes to come back, how many it holds.
-- Answers 0 when there was one, else the microseconds until there is. The bucket is the moment at which it is full again.
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000000 + micros
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
local wait = full - now - (burst - 1) * interval
if wait > 0 then return wait end
full = math.max(full, now) + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return 0
