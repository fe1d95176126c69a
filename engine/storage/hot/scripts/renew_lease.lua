-- Renews a lease that the owner still holds. KEYS: the lease; ARGV: owner, ms. Answers 1 when it holds it now.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
