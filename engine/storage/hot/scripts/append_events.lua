-- Appends events under the ids given. KEYS: the stream; ARGV: its length, then (id, data) of each. An id that is there
-- already is done (the command was repeated); one that is not there but lies before the end can not be appended any
-- more: it ends the batch, and the answer names it.
for i = 2, #ARGV, 2 do
  local answer = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i], 'data', ARGV[i + 1])
  if type(answer) == 'table' and answer.err then
    if not string.find(answer.err, 'equal or smaller') then return answer end
    if #redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i]) == 0 then return ARGV[i] end
  end
end
return ''
