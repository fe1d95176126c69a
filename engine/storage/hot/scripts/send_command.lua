-- Puts a command into a process's stream, once. KEYS: the stream, the command's mark; ARGV: the command, length, expiry of
-- the mark. A stream that nobody writes to any more is gone after an hour: web processes have a new name at each start.
if redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[3]) then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'data', ARGV[1])
  redis.call('EXPIRE', KEYS[1], 3600)
end
return 1
