import type { LimitClaim, LimitPolicy, LimitReading } from './state.ts'

/**
 * What is stored of one limit. Windows are aligned to the epoch.
 * `start`: begin of the current window; for a token bucket the moment up to which refills are in `used`.
 * `used`: units taken in the window, or missing from the bucket. `previous`: units of the window before.
 */
export interface Count {
  start: number
  used: number
  previous: number
}

// Weights are fractions: without it a limit of 10 could read 9 left where 10 - 1e-16 are. It stays below the weight of one
// unit in the last millisecond of 31 days, or two requests could pass a limit of 1 within its window.
const ROUNDING = 1e-10

/** Brings a stored count to `now`: windows passed are dropped, refills due are booked. */
export function roll(count: Count | undefined, policy: LimitPolicy, now: number): Count {
  const { algorithm, windowMs } = policy
  if (algorithm === 'tokenBucket') {
    if (count === undefined || count.start > now + windowMs) return { start: now, used: 0, previous: 0 }
    const refills = Math.max(0, Math.floor((now - count.start) / windowMs))
    const used = Math.max(0, count.used - refills * policy.refill)
    return used === 0
      ? { start: now, used, previous: 0 }
      : { start: count.start + refills * windowMs, used, previous: 0 }
  }
  const start = windowStart(policy, now)
  // A clock that was set back must not open a window again that is counted already. Further back than a window, what
  // is stored comes from a clock that ran ahead, and would deny until it is caught up with.
  if (count !== undefined && count.start >= start && count.start <= start + windowMs) return count
  const slides = algorithm === 'slidingWindow' && count?.start === start - windowMs
  return { start, used: 0, previous: slides ? count.used : 0 }
}

/** Units that are free now: whole ones, never below 0. */
export function free(count: Count, policy: LimitPolicy, now: number): number {
  return Math.max(0, Math.floor(policy.max - spent(count, policy, now) + ROUNDING))
}

/**
 * Milliseconds until `units` are free if nothing else is taken; 0 when they are free now.
 * More units than the limit holds never are: the answer is one window.
 */
export function msUntil(units: number, count: Count, policy: LimitPolicy, now: number): number {
  const { algorithm, max, windowMs } = policy
  if (free(count, policy, now) >= units) return 0
  if (units > max) return windowMs
  if (algorithm === 'fixedWindow') return windowEnd(policy, count.start) - now
  if (algorithm === 'tokenBucket') {
    const missing = units - (max - count.used)
    return count.start + Math.ceil(missing / policy.refill) * windowMs - now
  }
  const room = max - units - count.used
  // In this window the previous one fades; where that is not enough, this one must fade in the next.
  if (room >= 0) return count.start + windowMs * (1 - room / count.previous) - now
  return count.start + windowMs * (2 - (max - units) / count.used) - now
}

/** Takes back `cost` units that were taken when the count stood at `start`. */
export function takeBack(count: Count, policy: LimitPolicy, cost: number, start: number, now: number): Count {
  const less = (units: number, by: number) => Math.max(0, units - Math.max(0, by))
  if (policy.algorithm === 'tokenBucket') {
    // What a refill has brought back meanwhile is not given back again.
    const refills = Math.max(0, Math.floor((now - start) / policy.windowMs))
    return { ...count, used: less(count.used, cost - refills * policy.refill) }
  }
  if (count.start === start) return { ...count, used: less(count.used, cost) }
  const before = count.start - policy.windowMs === start
  return before ? { ...count, previous: less(count.previous, cost) } : count
}

/** When the count says no more than an absent one would, in milliseconds since the epoch. */
export function expiresAt(count: Count, policy: LimitPolicy): number {
  if (policy.algorithm === 'fixedWindow') return windowEnd(policy, count.start)
  if (policy.algorithm === 'slidingWindow') return count.start + 2 * policy.windowMs
  return count.start + Math.ceil(count.used / policy.refill) * policy.windowMs
}

/** What a caller may be told of a limit; `denies` adds how long this request's own cost takes to come back. */
export function readingOf(limit: LimitClaim, count: Count, now: number, denies = false): LimitReading {
  const { name, max, windowMs, cost } = limit
  const remaining = free(count, limit, now)
  const resetSeconds = remaining >= max ? 0 : Math.ceil(msUntil(remaining + 1, count, limit, now) / 1000)
  const reading = { name, max, windowMs, remaining, resetSeconds }
  return denies ? { ...reading, retryAfterMs: Math.ceil(msUntil(cost, count, limit, now)) } : reading
}

/** Seconds after which every limit that denies has room for the request; at least 1. */
export function retryAfterSeconds(readings: readonly LimitReading[]): number {
  return Math.max(1, ...readings.map(({ retryAfterMs = 0 }) => Math.ceil(retryAfterMs / 1000)))
}

/** Windows are aligned to the epoch, and so to days in UTC; months to the calendar in UTC. */
function windowStart({ windowMs, calendar }: LimitPolicy, now: number): number {
  if (calendar !== 'month') return Math.floor(now / windowMs) * windowMs
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

function windowEnd({ windowMs, calendar }: LimitPolicy, start: number): number {
  if (calendar !== 'month') return start + windowMs
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}

function spent(count: Count, policy: LimitPolicy, now: number): number {
  if (policy.algorithm !== 'slidingWindow') return count.used
  const elapsed = Math.min(1, Math.max(0, (now - count.start) / policy.windowMs))
  return count.used + count.previous * (1 - elapsed)
}
