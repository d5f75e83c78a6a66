import { allow, type Denial, deny, type Result } from '../contract.ts'
import { parseDuration } from '../lib/duration.ts'
import { missingOr } from '../options.ts'
import type { OptionFail, Tolerance } from './scheme.ts'

/** How a provider writes a time: Unix seconds, Unix milliseconds, or RFC 3339. */
export type TimeUnit = 's' | 'ms' | 'iso'

/** A clock ahead is a fault of somebody's, never a retry: beyond this nothing signed is from the future. */
const MAX_FUTURE_SECONDS = 300
/** Longest tolerance that a route may state: a copy has to be remembered as long. */
const MAX_TOLERANCE_MS = 7 * 86_400_000

const FORM: Readonly<Record<TimeUnit, RegExp>> = {
  s: /^[1-9][0-9]{0,9}$/,
  // From 2001 to 2286: no text is both a count of seconds and one of milliseconds.
  ms: /^[1-9][0-9]{12}$/,
  iso: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/,
}

/** Milliseconds since the epoch of a text in canonical form, so that the signed text and the number are one. */
export function parseTime(text: string, unit: TimeUnit): number | undefined {
  if (!FORM[unit].test(text)) return undefined
  if (unit !== 'iso') return unit === 's' ? Number(text) * 1000 : Number(text)
  // More than milliseconds are for the signature alone.
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(ms) ? undefined : ms
}

/** The tolerance of `seconds` into the past, and as much into the future but no more than five minutes. */
export const toleranceOf = (seconds: number): Tolerance => ({
  pastSeconds: seconds,
  futureSeconds: Math.min(seconds, MAX_FUTURE_SECONDS),
})

/** Seconds of the tolerance that a route states, or fails. */
export function statedTolerance(given: unknown, option: string, fail: OptionFail): number {
  const ms = typeof given === 'string' ? parseDuration(given) : undefined
  if (ms !== undefined && ms >= 1000 && ms <= MAX_TOLERANCE_MS) return ms / 1000
  return fail(option, `${missingOr(given)}; use a duration between '1 s' and '7 d'`)
}

/** Whether a signed time is within the tolerance. */
export function checkTime(timeMs: number, now: number, tolerance: Tolerance): Result<true> {
  // Not rounded: half a second more on either side would outlive the claim of `floorMs`.
  const skewMs = now - timeMs
  const limit = skewMs > 0 ? tolerance.pastSeconds : tolerance.futureSeconds
  if (Math.abs(skewMs) <= limit * 1000) return allow(true)
  const actual = Math.ceil(Math.abs(skewMs) / 1000)
  const measure: Denial['measure'] = { limit, actual, unit: 'seconds' }
  return deny('signature_refused', `the signed time is too ${skewMs > 0 ? 'old' : 'far ahead'}`, { measure })
}
