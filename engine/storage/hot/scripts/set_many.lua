-- Sets many keys, each group with its own expiry. KEYS: all keys; ARGV: their values, then (count, seconds) of each group.
local value, group = 1, #KEYS + 1
while group < #ARGV do
  local seconds = ARGV[group + 1]
  for _ = 1, tonumber(ARGV[group]) do
    redis.call('SET', KEYS[value], ARGV[value], 'EX', seconds)
    value = value + 1
  end
  group = group + 2
end
return #KEYS
