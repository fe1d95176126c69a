-- Appends ticks to their instruments' streams under the ids given. KEYS: the streams; ARGV: their expiry in seconds, then for
-- each stream how many of its newest ticks stay at least, how many are told, and (id, data) of each, oldest first. An id that
-- does not lie after the end is there already, or was trimmed: the command was repeated.
local at = 2
for _, key in ipairs(KEYS) do
  local longest, count = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  for _ = 1, count do
    local answer = redis.pcall('XADD', key, 'MAXLEN', '~', longest, ARGV[at], 'data', ARGV[at + 1])
    if type(answer) == 'table' and answer.err and not string.find(answer.err, 'equal or smaller') then return answer end
    at = at + 2
  end
  redis.call('EXPIRE', key, ARGV[1])
end
return #KEYS
