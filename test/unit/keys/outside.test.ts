import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readKeys } from '../../../src/keys/key-set.ts'
import type { Held } from '../../../src/keys/memory.ts'
import { seal, unseal } from '../../../src/keys/sealed.ts'
import { sealingKey } from '../../../src/lib/seal.ts'
import type { Mode } from './issuer.ts'
import { publicJwk, SEAL_KEY, TestStore } from './keys.ts'
import { HOUR, MINUTE, SECOND, until, useRig } from './rig.ts'

const rig = useRig()
const fresh = { found: 'keys', isStale: false }
const stale = { found: 'keys', isStale: true }

/** The Cache API of one location; undefined is what bare workerd has. */
class TestCache {
  readonly texts = new Map<string, string>()
  matches = 0
  fails = false
  hangs = false

  async match(url: string): Promise<Response | undefined> {
    this.matches++
    if (this.fails) throw new Error('no cache')
    if (this.hangs) await new Promise(() => {})
    const text = this.texts.get(url)
    return text === undefined ? undefined : new Response(text)
  }

  async put(url: string, response: Response): Promise<void> {
    if (this.fails) throw new Error('no cache')
    this.texts.set(url, await response.text())
  }
}

let cache: TestCache
beforeEach(() => {
  cache = new TestCache()
  vi.stubGlobal('caches', { default: cache })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the cache of the location', () => {
  it('gives an isolate that has nothing the set of another one, without a fetch', async () => {
    await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()
    const { ask, askAndSettle } = rig.isolate({ sealKey: SEAL_KEY })
    expect(await ask()).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(1)
    rig.pass(9 * MINUTE)
    await askAndSettle()
    expect(rig.issuer.fetches).toBe(2)
    expect(cache.matches).toBe(2)
  })

  it('does not hide a rotation from an isolate that begins with it', async () => {
    await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()
    rig.issuer.keys = [await publicJwk('ES256', { kid: 'second' })]
    const { askAndSettle } = rig.isolate({ sealKey: SEAL_KEY })
    const found = await Promise.all([1, 2, 3].map(() => askAndSettle('second', 60_000)))
    for (const one of found) expect(one).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(2)
    expect(await askAndSettle('third')).toEqual({ found: 'none' })
    expect(rig.issuer.fetches).toBe(2)
  })

  it('is not used without a key to seal with, or with one that is too short', async () => {
    for (const sealKey of [undefined, 'short']) {
      await rig.isolate(sealKey === undefined ? {} : { sealKey }).askAndSettle()
      await rig.isolate(sealKey === undefined ? {} : { sealKey }).askAndSettle()
    }
    expect(rig.issuer.fetches).toBe(4)
    expect(cache.matches).toBe(0)
    expect(cache.texts.size).toBe(0)
  })

  it('does not decide by a set that is past its lifetime while the issuer answers', async () => {
    await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()
    rig.issuer.keys = [await publicJwk('ES256', { kid: 'second' })]
    rig.pass(11 * MINUTE)
    expect(await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle('first')).toEqual({ found: 'none' })
    expect(rig.issuer.fetches).toBe(2)
  })

  it('is a miss where it throws, hangs, or is not there', async () => {
    cache.fails = true
    expect(await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()).toMatchObject(fresh)
    cache.fails = false
    cache.hangs = true
    expect(await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()).toMatchObject(fresh)
    vi.stubGlobal('caches', undefined)
    expect(await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(3)
  })

  it('is not believed after a change of one character, or by another key', async () => {
    await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()
    const [[url, text] = ['', '']] = [...cache.texts]
    for (const at of [0, 43, 44, 60, text.length - 1]) {
      cache.texts.set(url, text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1))
      await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()
    }
    expect(rig.issuer.fetches).toBe(6)
    cache.texts.set(url, text)
    await rig.isolate({ sealKey: `${SEAL_KEY}x` }).askAndSettle()
    expect(rig.issuer.fetches).toBe(7)
    cache.texts.set(url, text.padEnd(200_000))
    await rig.isolate({ sealKey: SEAL_KEY }).askAndSettle()
    expect(rig.issuer.fetches).toBe(8)
  })
})

describe('the last good set in shared state', () => {
  const dead = async (store: TestStore, mode: Mode = 'dead') => {
    rig.issuer.mode = mode
    cache.texts.clear()
    return rig.isolate({ sealKey: SEAL_KEY, store })
  }

  it.each<Mode>(['dead', 'error', 'html', 'empty', 'huge', 'redirect'])(
    'serves an isolate that has nothing where the issuer is %s, for a day and no longer',
    async (mode) => {
      const store = new TestStore()
      await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
      rig.pass(5 * HOUR)
      expect(await (await dead(store, mode)).askAndSettle()).toMatchObject(stale)
      rig.pass(20 * HOUR)
      expect(await (await dead(store, mode)).askAndSettle()).toMatchObject({ found: 'unavailable' })
    },
  )

  it('in date serves in time where the issuer hangs, and the issuer decides as soon as it answers', async () => {
    const store = new TestStore()
    await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
    rig.pass(5 * MINUTE)
    const { ask } = await dead(store, 'silent')
    rig.issuer.keys = [await publicJwk('ES256', { kid: 'second' })]
    expect(await ask('first', 60_000)).toMatchObject(fresh)
    rig.issuer.mode = 'ok'
    rig.issuer.release()
    await until(() => store.keeps === 2)
    expect(await ask('first')).toEqual({ found: 'none' })
    expect(await ask('second')).toMatchObject(fresh)
  })

  it('past its lifetime makes no removed key good while a slow issuer may still answer', async () => {
    const store = new TestStore()
    await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
    rig.pass(20 * HOUR)
    const { ask } = await dead(store, 'silent')
    rig.issuer.keys = [await publicJwk('ES256', { kid: 'second' })]
    const asked = ask('first', 60_000)
    await until(() => store.recalls === 1)
    // Longer than reading it takes: it would decide by now.
    await new Promise((resume) => setTimeout(resume, 200))
    rig.issuer.mode = 'ok'
    rig.issuer.release()
    expect(await asked).toEqual({ found: 'none' })
    expect(await ask('second')).toMatchObject(fresh)
  })

  it('past its lifetime serves where a slow issuer fails in the end', async () => {
    const store = new TestStore()
    await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
    rig.pass(20 * HOUR)
    const { ask } = await dead(store, 'silent')
    const asked = ask('first', 60_000)
    await until(() => store.recalls === 1)
    rig.issuer.mode = 'error'
    rig.issuer.release()
    expect(await asked).toMatchObject(stale)
    expect(store.recalls).toBe(1)
  })

  it('is read only by an isolate that has nothing, and only if the issuer fails', async () => {
    const store = new TestStore()
    const { askAndSettle } = rig.isolate({ sealKey: SEAL_KEY, store })
    await askAndSettle()
    cache.texts.clear()
    await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
    rig.issuer.mode = 'dead'
    rig.pass(2 * HOUR)
    await askAndSettle()
    await askAndSettle('unknown')
    expect(store.recalls).toBe(0)
  })

  it('is left behind when the issuer comes back', async () => {
    const store = new TestStore()
    await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
    const { askAndSettle } = await dead(store)
    await askAndSettle()
    rig.issuer.mode = 'ok'
    rig.issuer.keys = [await publicJwk('ES256', { kid: 'second' })]
    rig.pass(31 * SECOND)
    expect(await askAndSettle('second')).toMatchObject(fresh)
    expect(await askAndSettle('first')).toEqual({ found: 'none' })
  })

  it('is written when the set changes, and hourly', async () => {
    const store = new TestStore()
    const { askAndSettle } = rig.isolate({ sealKey: SEAL_KEY, store })
    for (let i = 0; i < 6; i++) {
      await askAndSettle()
      rig.pass(9 * MINUTE)
    }
    expect(rig.issuer.fetches).toBe(6)
    expect(store.keeps).toBe(1)
    rig.pass(9 * MINUTE)
    await askAndSettle()
    expect(store.keeps).toBe(2)
    rig.issuer.keys = [...rig.issuer.keys, await publicJwk('ES256', { kid: 'second' })]
    rig.pass(9 * MINUTE)
    await askAndSettle()
    expect(store.keeps).toBe(3)
  })

  it('is missed without harm where shared state is down', async () => {
    const store = new TestStore()
    store.isDown = true
    const { askAndSettle } = rig.isolate({ sealKey: SEAL_KEY, store })
    expect(await askAndSettle()).toMatchObject(fresh)
    store.isDown = false
    rig.pass(9 * MINUTE)
    await askAndSettle()
    expect(store.texts.size).toBe(1)
    store.isDown = true
    expect(await (await dead(store)).askAndSettle()).toMatchObject({
      found: 'unavailable',
      reason: 'the issuer cannot be reached',
    })
  })

  it('is not used without a key to seal with', async () => {
    const store = new TestStore()
    await rig.isolate({ store }).askAndSettle()
    rig.issuer.mode = 'dead'
    await rig.isolate({ store }).askAndSettle()
    expect([store.keeps, store.recalls]).toEqual([0, 0])
  })

  it('stands under a name that tells nothing of the issuer', async () => {
    const store = new TestStore()
    await rig.isolate({ sealKey: SEAL_KEY, store }).askAndSettle()
    expect([...store.texts.keys()].join()).toMatch(/^keys:[0-9a-f]{64}$/)
  })
})

describe('a sealed set', () => {
  const origin = { issuer: 'https://issuer.example', jwksUrl: undefined, algorithms: ['ES256'] }
  const sealed = async (now: number) => {
    const key = (await sealingKey(SEAL_KEY, 'key set')) as CryptoKey
    const read = await readKeys([await publicJwk('ES256')], ['ES256'])
    if (!read.ok) throw new Error(read.fault)
    const address = { url: 'https://issuer.example/jwks', learntAt: now }
    const held: Held = { set: read.set, fetchedAt: now, lifetimeMs: 600_000, etag: '"a"', address }
    return { key, held, text: await seal(origin, held, key) }
  }
  const now = Date.UTC(2026, 10, 22)

  it('opens to what it was', async () => {
    const { key, held, text } = await sealed(now)
    const opened = await unseal(text, origin, key, now + HOUR)
    expect(opened).toMatchObject({ ...held, set: { jwks: held.set.jwks, thumbprints: held.set.thumbprints } })
  })

  it('does not open for another issuer, address, or list of algorithms', async () => {
    const { key, text } = await sealed(now)
    for (const other of [
      { ...origin, issuer: 'https://issuer.example/' },
      { ...origin, jwksUrl: 'https://issuer.example/jwks' },
      { ...origin, algorithms: ['ES256', 'RS256'] },
      { ...origin, algorithms: ['RS256'] },
    ])
      expect(await unseal(text, other, key, now)).toBeUndefined()
  })

  it('does not open from the future, or after a day', async () => {
    const { key, text } = await sealed(now)
    expect(await unseal(text, origin, key, now - 4 * SECOND)).toBeDefined()
    expect(await unseal(text, origin, key, now - 6 * SECOND)).toBeUndefined()
    expect(await unseal(text, origin, key, now + 24 * HOUR)).toBeDefined()
    expect(await unseal(text, origin, key, now + 24 * HOUR + 1)).toBeUndefined()
  })

  it('is for one purpose: a MAC of the same secret for another does not open it', async () => {
    const { text } = await sealed(now)
    const other = (await sealingKey(SEAL_KEY, 'another purpose')) as CryptoKey
    expect(await unseal(text, origin, other, now)).toBeUndefined()
  })

  it('does not open after any change, and never throws', async () => {
    const { key, text } = await sealed(now)
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), async (at, to) => {
        fc.pre(text[at] !== to)
        expect(await unseal(text.slice(0, at) + to + text.slice(at + 1), origin, key, now)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
    await fc.assert(
      fc.asyncProperty(fc.string(), async (any) => {
        expect(await unseal(any, origin, key, now)).toBeUndefined()
      }),
    )
  })

  it('that a holder of the key has made out of nonsense does not open either', async () => {
    const { key, text } = await sealed(now)
    const good = JSON.parse(text.slice(44))
    const bad = [
      null,
      [],
      { ...good, fetchedAt: '1' },
      { ...good, lifetimeMs: null },
      { ...good, keys: {} },
      { ...good, keys: [] },
      { ...good, address: null },
      { ...good, address: { url: 'http://169.254.169.254', learntAt: now } },
    ]
    for (const value of bad) {
      const body = JSON.stringify(value)
      const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(body))
      expect(await unseal(Buffer.from(mac).toString('base64') + body, origin, key, now)).toBeUndefined()
    }
  })
})
