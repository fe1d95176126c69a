-- Reads the same fields of many hashes. KEYS: the hashes; ARGV: the fields.
local answers = {}
for i, key in ipairs(KEYS) do answers[i] = redis.call('HMGET', key, unpack(ARGV)) end
return answers
