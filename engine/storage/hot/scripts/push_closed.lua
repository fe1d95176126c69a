-- Puts closed candles into their buffers, newest first, each opening time once: a revision takes the place of what it
-- revises, a repeat changes nothing. KEYS: buffers; ARGV: the length of a buffer, then for each buffer its expiry, how many
-- candles, and (time, revision, entry) of each, oldest first.
local longest, at = tonumber(ARGV[1]), 2

local function merge(key, fresh)
  local all, places = {}, {}
  for _, entry in ipairs(redis.call('LRANGE', key, 0, -1)) do
    local candle = cjson.decode(entry)
    all[#all + 1] = { candle.time, candle.rev, entry }
    places[candle.time] = #all
  end
  for _, candle in ipairs(fresh) do
    local place = places[candle[1]]
    if not place then
      all[#all + 1] = candle
      places[candle[1]] = #all
    elseif all[place][2] <= candle[2] then
      all[place] = candle
    end
  end
  table.sort(all, function(one, other) return one[1] > other[1] end)
  redis.call('DEL', key)
  for place = 1, math.min(#all, longest) do redis.call('RPUSH', key, all[place][3]) end
end

for _, key in ipairs(KEYS) do
  local expiry, fresh = ARGV[at], {}
  local count = tonumber(ARGV[at + 1])
  at = at + 2
  for i = 1, count do
    fresh[i] = { tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2] }
    at = at + 3
  end
  local newest = redis.call('LINDEX', key, 0)
  if not newest or cjson.decode(newest).time < fresh[1][1] then
    for _, candle in ipairs(fresh) do redis.call('LPUSH', key, candle[3]) end
    redis.call('LTRIM', key, 0, longest - 1)
  else
    merge(key, fresh)
  end
  redis.call('EXPIRE', key, expiry)
end
return #KEYS
