-- Stores candles in hashes. KEYS: the hash of each candle; ARGV: (field, candle) of each, then the expiry in seconds and
-- the oldest field to keep. A hash is trimmed once in 256 new candles, and each at another time: one scan costs as much
-- as its length, and all instruments close their candles together.
local expiry, oldest = ARGV[#ARGV - 1], tonumber(ARGV[#ARGV])
for i, key in ipairs(KEYS) do
  if redis.call('HSET', key, ARGV[2 * i - 1], ARGV[2 * i]) == 1 then
    local a, b, c = string.byte(key, -6, -4)
    if (redis.call('HLEN', key) + 31 * (a or 0) + 7 * (b or 0) + (c or 0)) % 256 == 0 then
      for _, field in ipairs(redis.call('HKEYS', key)) do
        if tonumber(field) < oldest then redis.call('HDEL', key, field) end
      end
    end
  end
  redis.call('EXPIRE', key, expiry)
end
return #KEYS
