-- Sets many keys with one expiry. KEYS: the keys; ARGV: their values, then the expiry in seconds.
local seconds = ARGV[#ARGV]
for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i], 'EX', seconds) end
return #KEYS
