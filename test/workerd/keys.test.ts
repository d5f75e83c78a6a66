import { base64url, exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cachedKeys } from '../../src/keys/remote-keys.ts'
import { readJwk } from '../../src/lib/jwk.ts'

const SEAL_KEY = 'seal-key-canary-0123456789abcdef-workerd'
const DAY = 86_400_000

// The Cache API and Ed25519 of the real runtime; the issuer is a function in place of `fetch`.
let fetches = 0
let isDead = false
let serial = 0
let origin = { issuer: '', jwksUrl: '', algorithms: ['ES256'] }
beforeEach(async () => {
  fetches = 0
  isDead = false
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  const set = { keys: [{ ...(await exportJWK(publicKey)), kid: 'a' }] }
  // Each test has an issuer, and so an entry of the cache, of its own.
  const issuer = `https://issuer-${++serial}.example`
  origin = { issuer, jwksUrl: `${issuer}/jwks`, algorithms: ['ES256'] }
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
    fetches++
    if (isDead) throw new TypeError('no route')
    return Response.json(set)
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** One request in an isolate that has nothing, and what it leaves to the background. */
async function askCold(env: Record<string, unknown>, now = Date.now()) {
  const later: Promise<unknown>[] = []
  const means = {
    env,
    store: { recall: async () => undefined, keep: async () => {}, findApiKey: async () => undefined },
    background: (promise: Promise<unknown>) => void later.push(promise),
    remainingMs: () => 5000,
  }
  const found = await cachedKeys(origin).find({ kid: 'a', algorithm: 'ES256' }, means, now)
  await Promise.all(later)
  return found
}

describe("the runtime's cache", () => {
  test('has the set for the next isolate, which fetches nothing', async () => {
    expect(await askCold({ SEAL_KEY })).toMatchObject({ found: 'keys', isStale: false })
    isDead = true
    expect(await askCold({ SEAL_KEY })).toMatchObject({ found: 'keys', isStale: false })
    expect(fetches).toBe(1)
  })

  test('is left alone without a key to seal with', async () => {
    await askCold({})
    await askCold({})
    expect(fetches).toBe(2)
  })

  test('is not believed when somebody else wrote the entry, or with another key', async () => {
    const put = vi.spyOn(caches.default, 'put')
    await askCold({ SEAL_KEY })
    const [url = ''] = put.mock.lastCall ?? []
    const entry = await caches.default.match(url)
    const text = (await entry?.text()) ?? ''
    expect(text).toContain('"kid":"a"')
    await askCold({ SEAL_KEY: `${SEAL_KEY} of another deployment` })
    expect(fetches).toBe(2)
    const forged = new Response(text.replace('"kid":"a"', '"kid":"b"'), {
      headers: { 'cache-control': 'max-age=60' },
    })
    await caches.default.put(url, forged)
    await askCold({ SEAL_KEY })
    expect(fetches).toBe(3)
  })

  test('serves a set that is past its lifetime only where the issuer fails, and none after a day', async () => {
    const realNow = Date.now
    await askCold({ SEAL_KEY })
    isDead = true
    let offset = 3_600_000
    vi.spyOn(Date, 'now').mockImplementation(() => realNow() + offset)
    expect(await askCold({ SEAL_KEY }, Date.now())).toMatchObject({ found: 'keys', isStale: true })
    expect(fetches).toBe(2)
    offset = DAY + 60_000
    expect(await askCold({ SEAL_KEY }, Date.now())).toMatchObject({ found: 'unavailable' })
  })
})

describe('Ed25519 in the runtime', () => {
  // Why such keys are dropped: (R, S) = (neutral point, 0) is a signature for whatever message.
  test('takes a signature that nobody made, by a key of small order', async () => {
    const neutral = new Uint8Array(32).with(0, 1)
    const key = await crypto.subtle.importKey('raw', neutral, 'Ed25519', true, ['verify'])
    const forged = new Uint8Array(64).with(0, 1)
    const message = new TextEncoder().encode('any message')
    expect(await crypto.subtle.verify('Ed25519', key, forged, message)).toBe(true)
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url.encode(neutral) }
    expect(readJwk(jwk, ['EdDSA'])).toEqual({ ok: false, fault: 'weak' })
  })
})
