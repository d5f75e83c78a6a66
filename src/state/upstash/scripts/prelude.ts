/** Milliseconds for which a token's record is kept: longer than any deadline, with which its second try could begin. */
export const RECORD_MS = 20_000

/**
 * What the gate and the give-back share, in Lua 5.1. The server's clock decides: those of isolates differ.
 * Times are milliseconds since the epoch. Arithmetic and rounding are those of `state/limits.ts`.
 */
export const prelude = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local stored = redis.call('MGET', unpack(KEYS))

local function text(number) return string.format('%.0f', number) end

local function words(value)
  local list = {}
  if value then for word in string.gmatch(value, '%S+') do list[#list + 1] = word end end
  return list
end

local function beginOf(algorithm, window)
  if algorithm ~= 'm' then return math.floor(now / window) * window end
  -- The day of the month out of days since the epoch: years begin in March, eras have 400 years.
  local days = math.floor(now / 86400000)
  local day = (days + 719468) % 146097
  local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  local ofYear = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * ofYear + 2) / 153)
  return (days - (ofYear - math.floor((153 * month + 2) / 5))) * 86400000
end

local function roll(value, algorithm, window, refill)
  local was = words(value)
  local start, used, previous
  if was[1] == algorithm .. text(window) then
    start, used, previous = tonumber(was[2]), tonumber(was[3]), tonumber(was[4])
  end
  if algorithm == 'b' then
    if not start then return now, 0, 0 end
    if start > now + window then return now, 0, 0 end
    local refills = math.max(0, math.floor((now - start) / window))
    used = math.max(0, used - refills * refill)
    if used == 0 then return now, 0, 0 end
    return start + refills * window, used, 0
  end
  local from = beginOf(algorithm, window)
  if start and start >= from and start <= from + window then return start, used, previous end
  if algorithm == 's' and start == from - window then return from, 0, used end
  return from, 0, 0
end

-- A second longer than needed: what ran out is told by its start, and the server's own expiry only tidies up.
local function keep(key, algorithm, window, refill, start, used, previous)
  local windows = 1
  if algorithm == 's' then windows = 2 end
  if algorithm == 'b' then windows = math.ceil(used / refill) end
  local ms = math.min(34560000000, math.max(1000, start + windows * window - now + 1000))
  local value = algorithm .. text(window) .. ' ' .. text(start) .. ' ' .. text(used) .. ' ' .. text(previous)
  redis.call('SET', key, value, 'PX', text(ms))
end
`
