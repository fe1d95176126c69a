-- Appends ticks to their instruments' streams under the ids given. KEYS: the streams; ARGV: their length, their expiry in
-- seconds, then for each stream how many ticks, and (id, data) of each, oldest first. An id that does not lie after the
-- end is there already, or was trimmed: the command was repeated.
local at = 3
for _, key in ipairs(KEYS) do
  local count = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, count do
    local answer = redis.pcall('XADD', key, 'MAXLEN', '~', ARGV[1], ARGV[at], 'data', ARGV[at + 1])
    if type(answer) == 'table' and answer.err and not string.find(answer.err, 'equal or smaller') then return answer end
    at = at + 2
  end
  redis.call('EXPIRE', key, ARGV[2])
end
return #KEYS
