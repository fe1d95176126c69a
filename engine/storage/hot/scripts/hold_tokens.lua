-- Lets nobody take a token for a while. KEYS: the bucket; ARGV: microseconds.
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000000 + micros
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now + ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
