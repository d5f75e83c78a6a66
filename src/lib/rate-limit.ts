interface Reading {
  /** `<route>:<limit name>`; only the limit's own name is told. */
  name: string
  max: number
  windowMs: number
  remaining: number
  resetSeconds: number
}

/** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): names are quoted Strings of RFC 9651. */
export function rateLimitHeaders(readings: readonly Reading[]): Record<string, string> {
  if (readings.length === 0) return {}
  return {
    'ratelimit-policy': readings
      .map((reading) => `${quoted(reading)};q=${reading.max};w=${Math.ceil(reading.windowMs / 1000)}`)
      .join(', '),
    ratelimit: readings
      .map(
        (reading) => `${quoted(reading)};r=${units(reading.remaining)};t=${Math.ceil(reading.resetSeconds)}`,
      )
      .join(', '),
  }
}

const quoted = ({ name }: Reading): string => `"${name.slice(name.indexOf(':') + 1)}"`

const units = (remaining: number): number => Math.max(0, Math.floor(remaining))
