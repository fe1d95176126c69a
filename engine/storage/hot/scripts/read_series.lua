-- Reads one range of many series. KEYS: the series; ARGV: first and last time in ms, and how many series in a row are one
-- candle's fields: where the first of them is empty, the others are not looked at. A missing series is an empty one.
local answers, fields, empty = {}, tonumber(ARGV[3]), false
for i, key in ipairs(KEYS) do
  local is_first = (i - 1) % fields == 0
  local samples = {}
  if is_first or not empty then
    samples = redis.pcall('TS.RANGE', key, ARGV[1], ARGV[2])
    if samples.err then samples = {} end
  end
  if is_first then empty = #samples == 0 end
  answers[i] = samples
end
return answers
