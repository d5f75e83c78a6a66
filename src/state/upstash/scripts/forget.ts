/** Deletes the claims of KEYS that were done at ARGV[1] (ms since the epoch) or later; how many. A lease stays. */
export const forget = `
local forgotten = 0
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  local at = string.match(value or '', '^D %S+ %S+ (%d+)$')
  if at and tonumber(at) >= tonumber(ARGV[1]) then forgotten = forgotten + redis.call('DEL', KEYS[i]) end
end
return forgotten
`
