import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { apiKey } from '../../../../src/credentials/api-key/index.ts'
import { mintKey } from '../../../../src/credentials/api-key/mint.ts'
import type { KeyRecord } from '../../../../src/credentials/api-key/record.ts'
import { ask, NOW, outcome, SECRET, storeOf } from './calls.ts'

const options = { prefix: 'acme_live', checksum: 'CHECKSUM' as never, keys: 'state' as const }
const route = apiKey(options)
const order = { prefix: 'acme_live', checksumSecret: SECRET, scopes: ['reports:read'], now: NOW - 1000 }
const minted = await mintKey({ ...order, id: 'key_1', roles: ['reader'], claims: { tenant: 'acme' } })
const foreign = await mintKey({ ...order, checksumSecret: `${SECRET}-other` })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const stored = (record: KeyRecord, text = JSON.stringify(record)) => storeOf({ [record.digest]: text })
const use = async (more: Partial<Parameters<typeof ask>[1]> = {}, by = route) =>
  ask(by, { headers: bearer(minted.key), store: stored(minted.record).store, ...more })

describe('a key in shared state', () => {
  it('lets its owner in, with what was stored of it, frozen', async () => {
    const result = await use()
    if (!result.ok) throw new Error(outcome(result))
    const { principal, revocable, issuedAtMs, credential } = result.value
    expect(principal).toEqual({
      kind: 'apiKey',
      id: 'apiKey|key_1',
      keyId: 'key_1',
      scopes: ['reports:read'],
      roles: ['reader'],
      claims: { tenant: 'acme' },
    })
    expect({ revocable, issuedAtMs, credential }).toEqual({
      revocable: ['apiKey|key_1', `apiKeyDigest|${minted.record.digest}`],
      issuedAtMs: NOW - 1000,
      credential: 'api key',
    })
    expect(Object.isFrozen(principal.claims) && Object.isFrozen(principal.scopes)).toBe(true)
  })

  it.each([
    ['a random one', `acme_live_${'A'.repeat(54)}`, 'the checksum is not of the key'],
    [
      'one whose last character is another',
      minted.key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
      'the checksum is not of the key',
    ],
    ['one of another secret', foreign.key, 'the checksum is not of the key'],
    ['one that is too short', minted.key.slice(0, -1), 'the key is not of the form of one'],
    [
      'one of another prefix',
      minted.key.replace('live', 'test'),
      'the credential is of no kind that the route takes',
    ],
  ])('is not asked for by %s', async (_, key, reason) => {
    const { store, asked } = stored(minted.record)
    expect(outcome(await use({ headers: bearer(key), store }))).toBe(`credential_refused: ${reason}`)
    expect(asked).toEqual([])
  })

  it('is asked for by its SHA-256 once, and again when its time in the isolate is over', async () => {
    const { store, asked } = stored(minted.record)
    for (const now of [NOW, NOW + 1, NOW + 59_999]) expect((await use({ store, now })).ok).toBe(true)
    expect(asked).toEqual([minted.record.digest])
    expect((await use({ store, now: NOW + 60_000 })).ok).toBe(true)
    expect(asked).toHaveLength(2)
  })

  it('that is unknown is asked for once in 5 seconds, and is found once it is there', async () => {
    let text: string | undefined
    const { store, asked } = storeOf(async () => text)
    for (const now of [NOW, NOW + 4999])
      expect(outcome(await use({ store, now }))).toBe('credential_refused: no such key is known')
    expect(asked).toHaveLength(1)
    text = JSON.stringify(minted.record)
    expect((await use({ store, now: NOW + 5000 })).ok).toBe(true)
  })

  it('is asked for by many requests at once in one look-up', async () => {
    const { store, asked } = storeOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return JSON.stringify(minted.record)
    })
    const results = await Promise.all(Array.from({ length: 100 }, () => use({ store, remainingMs: 10_000 })))
    expect(results.filter(({ ok }) => ok)).toHaveLength(100)
    expect(asked).toHaveLength(1)
  })

  it('is a 503 with Retry-After while the state cannot say, and one that is remembered passes', async () => {
    let isDown = false
    const { store } = storeOf(async () => {
      if (isDown) throw new Error('no answer in time: canary')
      return JSON.stringify(minted.record)
    })
    expect((await use({ store })).ok).toBe(true)
    isDown = true
    expect((await use({ store, now: NOW + 59_000 })).ok).toBe(true)
    const down = await use({ store, now: NOW + 60_000 })
    expect(outcome(down)).toBe('issuer_unavailable: API keys in shared state: the look-up failed')
    expect(down).toMatchObject({ denial: { retryAfterSeconds: 1 } })
    isDown = false
    expect((await use({ store, now: NOW + 60_001 })).ok).toBe(true)
  })

  it('is not waited for longer than half of what is left, and is there for the next request', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const { store, asked } = storeOf(() => promise)
    const start = performance.now()
    const late = await use({ store, remainingMs: 100 })
    expect(outcome(late)).toBe('issuer_unavailable: API keys in shared state: the look-up took too long')
    expect(performance.now() - start).toBeGreaterThan(45)
    resolve(JSON.stringify(minted.record))
    await new Promise((done) => setTimeout(done, 1))
    expect((await use({ store })).ok).toBe(true)
    expect(asked).toHaveLength(1)
  })

  it.each<[string, Partial<KeyRecord> | string, string]>([
    ['is no record', 'junk', 'what is stored of the key is broken: revoke it and make a new one'],
    [
      'has a member too many',
      { scope: 'a' } as never,
      'what is stored of the key is broken: revoke it and make a new one',
    ],
    ['is of another key', { digest: 'ab'.repeat(32) }, 'what is stored under the key is of another key'],
    ['is out of date', { expiresAt: new Date(NOW).toISOString() }, 'the key is out of date'],
  ])('of which what is stored %s is refused', async (_, wrong, reason) => {
    const text = typeof wrong === 'string' ? wrong : JSON.stringify({ ...minted.record, ...wrong })
    const { store } = stored(minted.record, text)
    expect(outcome(await use({ store }))).toBe(`credential_refused: ${reason}`)
  })

  it('ends at its time, also while it is remembered', async () => {
    const expiresAt = new Date(NOW + 1000).toISOString()
    const { store, asked } = stored({ ...minted.record, expiresAt })
    expect((await use({ store, now: NOW + 999 })).ok).toBe(true)
    const over = await use({ store, now: NOW + 1000 })
    expect(over).toMatchObject({
      denial: { reason: 'the key is out of date', measure: { limit: 0, actual: 0 } },
    })
    expect(asked).toHaveLength(1)
  })

  it('has claims of the type that the route wants, or is refused', async () => {
    const typed = apiKey({ ...options, claims: v.object({ tenant: v.pipe(v.string(), v.toUpperCase()) }) })
    const result = await use({}, typed as never)
    expect(result).toMatchObject({ value: { principal: { claims: { tenant: 'ACME' } } } })
    const strict = apiKey({ ...options, claims: v.object({ account: v.string() }) })
    expect(outcome(await use({}, strict as never))).toBe(
      'credential_refused: what is stored with the key is not what the route wants of it',
    )
  })
})

describe('the secret of the checksum', () => {
  const next = `${SECRET}-next`
  it.each([
    ['in its first place', { CHECKSUM: SECRET }],
    ['in its second place', { CHECKSUM: next, CHECKSUM_NEXT: SECRET }],
    ['in its second place alone', { CHECKSUM_NEXT: SECRET }],
  ])('%s takes its keys', async (_, env) => {
    expect((await use({ env })).ok).toBe(true)
  })

  it.each([
    ['unset', {}],
    ['empty', { CHECKSUM: '' }],
    ['too short', { CHECKSUM: 'x'.repeat(31) }],
  ])('that is %s is a route that is not ready, and nothing is looked up', async (_, env) => {
    const { store, asked } = stored(minted.record)
    expect(outcome(await use({ env, store }))).toMatch(/^not_configured: secret CHECKSUM is not set/)
    expect(asked).toEqual([])
  })

  it('of neither place refuses the key', async () => {
    expect(outcome(await use({ env: { CHECKSUM: next } }))).toBe(
      'credential_refused: the checksum is not of the key',
    )
  })
})
