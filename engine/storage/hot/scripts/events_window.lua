-- Tells what the stream of events holds: epoch, first id, last id, whether older ones were trimmed. KEYS: the stream, its
-- epoch; ARGV: a fresh mark. A server that was restarted may have lost its newest events, and a flushed one lost all: both
-- begin a new epoch, so that no client resumes across a hole.
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local epoch = redis.call('GET', KEYS[2])
if not epoch or string.sub(epoch, 1, #server) ~= server then
  epoch = server .. '.' .. ARGV[1]
  redis.call('SET', KEYS[2], epoch)
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
if #first == 0 then return {epoch, '0-0', '0-0', 0} end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local added = 0
local information = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #information, 2 do
  if information[i] == 'entries-added' then added = information[i + 1] end
end
local trimmed = added ~= redis.call('XLEN', KEYS[1])
return {epoch, first[1][1], last[1][1], trimmed and 1 or 0}
