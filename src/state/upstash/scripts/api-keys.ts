/**
 * Stores an API key in place of the one with its id. KEYS: the hash digest → `<id> <record>`, the hash id → digest.
 * ARGV: digest, id, record, how many keys there may be. Answers 1, 0 when there are too many, or 2 when the digest is stored
 * under another id.
 */
export const putApiKey = `
local digest, id = ARGV[1], ARGV[2]
local before = redis.call('HGET', KEYS[2], id)
local other = string.match(redis.call('HGET', KEYS[1], digest) or '', '^%S+')
if other and other ~= id then return 2 end
if not before and not other and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
if before and before ~= digest then redis.call('HDEL', KEYS[1], before) end
redis.call('HSET', KEYS[1], digest, id .. ' ' .. ARGV[3])
redis.call('HSET', KEYS[2], id, digest)
return 1
`

/** Removes an API key by its id. KEYS as above. ARGV: id. Answers 1, or 0 when there is none. */
export const removeApiKey = `
local digest = redis.call('HGET', KEYS[2], ARGV[1])
if not digest then return 0 end
redis.call('HDEL', KEYS[1], digest)
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
`
