/**
 * Adds a block or a revocation to what stands under a key; nothing that is refused already becomes free by it, or free earlier.
 * KEYS: the block or revocation. ARGV: how long in ms, the moment before which something must have been issued to be
 * refused or `-` for everything, reason. Stores `B <reason>`, which refuses everything, or `I <before> <until> <reason>`:
 * everything until then (0 for never), and what was issued before that moment. Answers 1.
 */
export const refuse = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local value, left = redis.call('GET', KEYS[1]) or '', 0
if value ~= '' then left = math.max(0, redis.call('PTTL', KEYS[1])) end
local ms, before, reason = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

local function text(number) return string.format('%.0f', number) end
local function keep(value, ms)
  redis.call('SET', KEYS[1], value, 'PX', text(ms))
  return 1
end
local function cut(before, fully) return 'I ' .. text(before) .. ' ' .. text(fully) .. ' ' .. reason end

local cutAt, fullyUntil = string.match(value, '^I (%d+) (%d+) ')
if not before then
  if not cutAt or ms >= left then return keep('B ' .. reason, math.max(ms, left)) end
  return keep(cut(tonumber(cutAt), math.max(tonumber(fullyUntil), now + ms)), left)
end
if cutAt then return keep(cut(math.max(tonumber(cutAt), before), tonumber(fullyUntil)), math.max(ms, left)) end
if left >= ms then return 1 end
return keep(cut(before, left > 0 and now + left or 0), ms)
`
