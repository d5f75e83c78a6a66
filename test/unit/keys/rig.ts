import { afterEach, beforeEach, vi } from 'vitest'
import { cachedKeys } from '../../../src/keys/remote-keys.ts'
import { type Issuer, KEYS_PATH, startIssuer } from './issuer.ts'
import { publicJwk, type TestStore, testMeans } from './keys.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** An issuer of its own for each test, sources over it, and a clock that is moved and not waited for. */
export function useRig() {
  // The clock is moved, but the machine may stall.
  vi.setConfig({ testTimeout: 30_000 })
  const realNow = Date.now
  let offsetMs = 0
  let issuer: Issuer
  beforeEach(async () => {
    offsetMs = 0
    vi.spyOn(Date, 'now').mockImplementation(() => realNow() + offsetMs)
    issuer = await startIssuer([await publicJwk('ES256', { kid: 'first' })])
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await issuer.close()
  })
  return {
    get issuer() {
      return issuer
    },
    pass(ms: number) {
      offsetMs += ms
    },
    /** What one isolate would have; `jwksUrl: undefined` for discovery. */
    isolate(options: { jwksUrl?: string | undefined; sealKey?: string; store?: TestStore } = {}) {
      const { sealKey, store } = options
      const jwksUrl = 'jwksUrl' in options ? options.jwksUrl : `${issuer.url}${KEYS_PATH}`
      const origin = { issuer: issuer.url, jwksUrl, algorithms: ['ES256'] }
      const source = cachedKeys(origin)
      const common = { ...(sealKey !== undefined && { sealKey }), ...(store && { store }) }
      return {
        source,
        origin,
        /** A request with its own means; what it leaves to the background goes on. */
        ask: async (kid: string | undefined = 'first', remainingMs = 1000, algorithm = 'ES256') =>
          source.find({ kid, algorithm }, testMeans({ remainingMs, ...common }).means, Date.now()),
        /** A request, and all that it leaves to the background. */
        async askAndSettle(kid: string | undefined = 'first', remainingMs = 1000) {
          const { means, settled } = testMeans({ remainingMs, ...common })
          const found = await source.find({ kid, algorithm: 'ES256' }, means, Date.now())
          await settled()
          return found
        },
      }
    },
  }
}

/** Waits for what another timer brings about. */
export async function until(isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error('it did not come about')
    await new Promise((resume) => setTimeout(resume, 5))
  }
}

export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))
