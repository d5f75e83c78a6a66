const DEFAULT_MS = 600_000
const LEAST_MS = 300_000
const MOST_MS = 3_600_000

/**
 * How long a key set is taken for up to date, in milliseconds: `max-age` less `Age` (RFC 9111 sections 4.2.1 and 5.1) as a
 * hint between 5 minutes and an hour, since issuers send 15 s as well as a year. 10 minutes where nothing is said.
 */
export function lifetimeOf(headers: Headers): number {
  const directives = (headers.get('cache-control') ?? '')
    .toLowerCase()
    .split(',', 32)
    .map((text) => text.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return LEAST_MS
  const maxAge = directives.map((text) => /^max-age="?([0-9]{1,10})"?$/.exec(text)?.[1]).find(Boolean)
  if (maxAge === undefined) return DEFAULT_MS
  const age = /^[0-9]{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? '0'
  return Math.min(MOST_MS, Math.max(LEAST_MS, (Number(maxAge) - Number(age)) * 1000))
}

/** A validator that can be sent back as it came (RFC 9110 section 8.8.3). */
export function etagOf(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  return etag !== null && /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/.test(etag) ? etag : undefined
}
