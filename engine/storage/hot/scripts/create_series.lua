-- Creates the series of candles, where they do not exist; hashes of a time without the module make way. KEYS: series; ARGV:
-- retention in ms, then (symbol, exchange, timeframe, field, chunk size) of each.
for i, key in ipairs(KEYS) do
  local at = 5 * i - 3
  if redis.call('TYPE', key).ok == 'hash' then redis.call('DEL', key) end
  redis.pcall('TS.CREATE', key, 'RETENTION', ARGV[1], 'CHUNK_SIZE', ARGV[at + 4], 'DUPLICATE_POLICY', 'LAST',
    'LABELS', 'symbol', ARGV[at], 'exchange', ARGV[at + 1], 'tf', ARGV[at + 2], 'field', ARGV[at + 3])
end
return #KEYS
