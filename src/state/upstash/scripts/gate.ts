import { prelude, RECORD_MS } from './prelude.ts'

/**
 * The gate: everything that admit decides, in one script, all or nothing. A denial writes nothing.
 * KEYS: one for each letter of the layout (`c` claim, `t` the token's record, `b` block, `r` each revocation), then one for
 * each limit. ARGV: token, round, kind of the claim or `-`, lease and TTL in ms, request id, `1` where copies pass, layout,
 * when the credential was issued or `-`; then for each limit algorithm (`s` sliding, `f` fixed, `m` calendar month, `b` bucket), max, window in ms, refill,
 * cost, and `1` where it is enforced.
 * Answers outcome, server time, detail, then each limit as `start used previous`.
 */
export const gate = `${prelude}
local token, round, kind, requestId, copiesPass = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[6], ARGV[7] == '1'
local layout = ARGV[8]
local at = {}
for i = 1, #layout do at[string.sub(layout, i, i)] = i end
local issuedAt, isRevoked = tonumber(ARGV[9]), false
for i = 1, #layout do
  if string.sub(layout, i, i) == 'r' and stored[i] then
    -- Whatever is there refuses, but for one that lets pass what was issued later.
    local before, fully = string.match(stored[i], '^I (%d+) (%d+) ')
    isRevoked = isRevoked or not (before and issuedAt and issuedAt >= tonumber(before) and now >= tonumber(fully))
  end
end
local claim, record = words(stored[at.c]), words(stored[at.t])

local limits, answer, over, denied, reported = {}, {}, {}, {}, {}
for n = 1, (#ARGV - 9) / 6 do
  local i = 9 + (n - 1) * 6
  local limit = {
    key = KEYS[#layout + n], algorithm = ARGV[i + 1], max = tonumber(ARGV[i + 2]), window = tonumber(ARGV[i + 3]),
    refill = tonumber(ARGV[i + 4]), cost = tonumber(ARGV[i + 5]),
  }
  limit.start, limit.used, limit.previous =
    roll(stored[#layout + n], limit.algorithm, limit.window, limit.refill)
  local spent = limit.used
  if limit.algorithm == 's' then
    spent = spent + limit.previous * (1 - math.min(1, math.max(0, (now - limit.start) / limit.window)))
  end
  if math.max(0, math.floor(limit.max - spent + 1e-10)) < limit.cost then
    over[n] = true
    local list = ARGV[i + 6] == '1' and denied or reported
    list[#list + 1] = tostring(n)
  end
  limits[n] = limit
end

local function reply(outcome, detail)
  answer[1], answer[2], answer[3] = outcome, text(now), detail
  for n, limit in ipairs(limits) do
    answer[3 + n] = text(limit.start) .. ' ' .. text(limit.used) .. ' ' .. text(limit.previous)
  end
  return answer
end

-- Its own token first, so that a call which is tried again finds what the first one took.
for _, own in ipairs({ claim, record }) do
  if own[2] == token then
    if own[1] == 'R' and round <= tonumber(own[3]) then return reply('withdrawn', '') end
    if own[1] == 'T' or own[1] == 'D' or (own[1] == 'L' and tonumber(own[3]) > now) then
      local skipped, n = {}, 0
      for start in string.gmatch(own[1] == 'D' and own[5] or own[4] or '', '[^,]+') do
        n = n + 1
        if start == '-' then skipped[#skipped + 1] = tostring(n) end
      end
      if claim[1] == 'D' and not (own[1] == 'D' and kind == 'once') then return reply('done', claim[3]) end
      return reply('admitted', table.concat(skipped, ','))
    end
  end
end

if at.b and stored[at.b] then return reply('blocked', '') end
if isRevoked then return reply('revoked', '') end
if #denied > 0 then return reply('limited', table.concat(denied, ',')) end
if claim[1] == 'L' and tonumber(claim[3]) > now then return reply('leased', claim[3]) end
local isDone = claim[1] == 'D'
if isDone and not copiesPass then return reply('done', claim[3]) end

local taken = {}
for n, limit in ipairs(limits) do
  taken[n] = over[n] and '-' or text(limit.start)
end
taken = table.concat(taken, ',')
-- The only write whose time comes from outside is the first: a server that refuses it has nothing half done.
if isDone or kind == '-' then
  -- Without a lease of its own, the token's record is what a second try finds.
  if #limits > 0 then redis.call('SET', KEYS[at.t], 'T ' .. token .. ' 0 ' .. taken, 'PX', '${RECORD_MS}') end
elseif kind == 'once' then
  local value = 'D ' .. token .. ' ' .. requestId .. ' ' .. text(now) .. ' ' .. (taken == '' and '-' or taken)
  redis.call('SET', KEYS[at.c], value, 'PX', ARGV[5])
else
  local value = 'L ' .. token .. ' ' .. text(now + tonumber(ARGV[4])) .. ' ' .. taken
  redis.call('SET', KEYS[at.c], value, 'PX', text(tonumber(ARGV[4]) + 1000))
end
for n, limit in ipairs(limits) do
  if not over[n] then
    limit.used = limit.used + limit.cost
    if limit.cost > 0 then
      keep(limit.key, limit.algorithm, limit.window, limit.refill, limit.start, limit.used, limit.previous)
    end
  end
end
if isDone then return reply('done', claim[3]) end
return reply('admitted', table.concat(reported, ','))
`
