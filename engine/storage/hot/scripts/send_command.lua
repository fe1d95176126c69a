-- Puts a command into a process's stream, once. KEYS: the stream, the command's mark; ARGV: the command, length, expiry.
if redis.call('SET', KEYS[2], 1, 'NX', 'EX', ARGV[3]) then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'data', ARGV[1])
end
return 1
