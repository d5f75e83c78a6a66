import { RECORD_MS } from './prelude.ts'

/**
 * Ends the lease of the token, and leaves a mark under the token's own key, so that a first try of admit which arrives only
 * now does not take it again. KEYS: claim, the token's record. ARGV: token. Answers 1, or 0 when another holds the claim.
 */
export const release = `
local value = redis.call('GET', KEYS[1])
local state, holder, detail = string.match(value or '', '^(%S+) (%S+) ?(%S*)')
if holder == ARGV[1] then
  if state == 'L' then
    redis.call('SET', KEYS[2], 'R ' .. ARGV[1] .. ' 9007199254740991', 'PX', '${RECORD_MS}')
    redis.call('DEL', KEYS[1])
  end
  return 1
end
if state == 'D' then return 0 end
if state ~= 'L' then return 1 end
local time = redis.call('TIME')
return tonumber(detail) <= tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) and 1 or 0
`
