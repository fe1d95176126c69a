-- Reads one range of many series. KEYS: the series; ARGV: first and last time in ms. A missing series is an empty one.
local answers = {}
for i, key in ipairs(KEYS) do
  local samples = redis.pcall('TS.RANGE', key, ARGV[1], ARGV[2])
  answers[i] = samples.err and {} or samples
end
return answers
