import type { LimitReading } from '../state/state.ts'

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): names are quoted Strings of RFC 9651. */
export function rateLimitHeaders(readings: readonly LimitReading[]): Record<string, string> {
  if (readings.length === 0) return {}
  return {
    'ratelimit-policy': readings
      .map((r) => `${quoted(r)};q=${r.max};w=${Math.ceil(r.windowMs / 1000)}`)
      .join(', '),
    ratelimit: readings
      .map((r) => `${quoted(r)};r=${Math.max(0, Math.floor(r.remaining))};t=${Math.ceil(r.resetSeconds)}`)
      .join(', '),
  }
}

/** The limit's own name, without the route that keeps it apart in shared state. */
const quoted = ({ name }: LimitReading): string => `"${name.slice(name.indexOf(':') + 1)}"`
