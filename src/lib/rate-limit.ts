/** A limit as its policy tells it; `name` is `<route>:<limit name>`, and only the limit's own name is told. */
interface Policy {
  name: string
  max: number
  windowMs: number
}

interface Reading extends Policy {
  remaining: number
  resetSeconds: number
}

export interface RateLimitOptions {
  /** What `RateLimit-Policy` lists: the same on every answer, also where not every limit was read. @default the readings */
  policies?: readonly Policy[]
  /** Adds `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds from now) of the tightest limit. @default false */
  legacy?: boolean
}

/**
 * `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): lists of quoted Strings with Integer
 * parameters (RFC 9651 sections 3.1, 3.3.1, 3.3.3).
 */
export function rateLimitHeaders(
  readings: readonly Reading[],
  { policies = readings, legacy = false }: RateLimitOptions = {},
): Record<string, string> {
  if (readings.length === 0) return {}
  return {
    'ratelimit-policy': policies
      .map((policy) => `${quoted(policy)};q=${integer(policy.max)};w=${windowSeconds(policy)}`)
      .join(', '),
    ratelimit: readings
      .map((reading) => `${quoted(reading)};r=${left(reading)};t=${seconds(reading.resetSeconds)}`)
      .join(', '),
    ...(legacy && legacyHeaders(readings)),
  }
}

/** The limit's own name, without the route's. */
export const limitName = ({ name }: { name: string }): string => name.slice(name.indexOf(':') + 1)

/** These fields know one limit: the one with the fewest units left, among equals the one that is longest in coming back. */
function legacyHeaders(readings: readonly Reading[]): Record<string, string> {
  const [tightest] = [...readings].sort(
    (a, b) => left(a) - left(b) || seconds(b.resetSeconds) - seconds(a.resetSeconds),
  )
  if (tightest === undefined) return {}
  return {
    'x-ratelimit-limit': String(integer(tightest.max)),
    'x-ratelimit-remaining': String(left(tightest)),
    'x-ratelimit-reset': String(seconds(tightest.resetSeconds)),
  }
}

const quoted = (policy: Policy): string => `"${limitName(policy)}"`

/** The largest Integer of RFC 9651 section 3.3.1: 15 digits. */
const LARGEST = 999_999_999_999_999

const integer = (value: number): number => Math.min(LARGEST, Math.max(0, Math.floor(value)))

const left = ({ remaining }: Reading): number => integer(remaining)

const seconds = (value: number): number => integer(Math.ceil(value))

const windowSeconds = ({ windowMs }: Policy): number => Math.max(1, seconds(windowMs / 1000))
