-- KEYS: a stream's record, the set of all keys. ARGV: the record as it was, as it is to be ('' for none), seconds, the key.
-- Answers 1 when it did so. Repeated after a lost answer it says 0 and does nothing: whoever asks reads what stands there.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then
    return 0
end
if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
    redis.call('SREM', KEYS[2], ARGV[4])
else
    redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
    redis.call('SADD', KEYS[2], ARGV[4])
end
return 1
