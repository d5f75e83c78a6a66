import { prelude, RECORD_MS } from './prelude.ts'

/**
 * Takes back an admission that led to no forward, and leaves a mark, so that a first try of it which arrives only now
 * takes nothing. KEYS: the claim where there is one, the token's record (`c`, `t` in the layout), then the limits.
 * ARGV: token, round, layout, then for each limit algorithm, window in ms, refill and cost.
 */
export const giveBack = `${prelude}
local token, round, layout = ARGV[1], ARGV[2], ARGV[3]
local mark = 'R ' .. token .. ' ' .. round

local function less(units, by) return math.max(0, units - math.max(0, by)) end

local function takeBack(taken)
  local n = 0
  for text in string.gmatch(taken or '', '[^,]+') do
    n = n + 1
    local at, i = tonumber(text), 3 + (n - 1) * 4
    local algorithm, window, refill, cost =
      ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
    if at and algorithm then
      local start, used, previous = roll(stored[#layout + n], algorithm, window, refill)
      local usedLess, previousLess = used, previous
      if algorithm == 'b' then
        -- What a refill has brought back meanwhile is not given back again.
        usedLess = less(used, cost - math.max(0, math.floor((now - at) / window)) * refill)
      elseif start == at then
        usedLess = less(used, cost)
      elseif algorithm == 's' and start - window == at then
        previousLess = less(previous, cost)
      end
      if usedLess ~= used or previousLess ~= previous then
        keep(KEYS[#layout + n], algorithm, window, refill, start, usedLess, previousLess)
      end
    end
  end
end

-- The mark is the token's own: whoever takes the claim next must not wipe it out.
local own = KEYS[string.find(layout, 't')]
for i = 1, #layout do
  local holder = words(stored[i])
  local state = holder[2] == token and holder[1]
  if state == 'L' or state == 'T' then
    takeBack(holder[4])
    if KEYS[i] ~= own then redis.call('DEL', KEYS[i]) end
    redis.call('SET', own, mark, 'PX', '${RECORD_MS}')
    return 1
  elseif state == 'D' then
    -- Done stays done. Burnt for good, too; only its counts come back, once.
    if not holder[5] or holder[5] == '-' then return 0 end
    takeBack(holder[5])
    redis.call('SET', KEYS[i], 'D ' .. token .. ' ' .. holder[3] .. ' ' .. holder[4] .. ' -', 'KEEPTTL')
    return 1
  end
end
redis.call('SET', own, mark, 'PX', '${RECORD_MS}')
return 0
`
