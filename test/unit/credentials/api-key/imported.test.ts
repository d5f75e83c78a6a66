import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { apiKey } from '../../../../src/credentials/api-key/index.ts'
import { importedRecord, mintKey } from '../../../../src/credentials/api-key/mint.ts'
import { ask, NOW, outcome, SECRET, storeOf } from './calls.ts'

const options = { prefix: 'acme_live', checksum: 'CHECKSUM' as never, keys: 'state' as const }
const imported = { pattern: /^sk_[0-9a-f]{32}$/ }
const route = apiKey({ ...options, imported })
const LEGACY = `sk_${'0f'.repeat(16)}`
const digest = createHash('sha256').update(LEGACY).digest('hex')
const record = importedRecord({ digest, id: 'legacy-1', scopes: ['a'], now: NOW })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const holding = () => storeOf({ [digest]: JSON.stringify(record) })
const unknown = (i: number) => `sk_${i.toString(16).padStart(32, '0')}`

describe('a key that was made elsewhere', () => {
  it('passes by its SHA-256, without a checksum', async () => {
    const result = await ask(route, { headers: bearer(LEGACY), store: holding().store })
    expect(outcome(result)).toBe('in: apiKey|legacy-1')
  })

  it('passes by its HMAC where it was hashed so, and only with that secret', async () => {
    const keyed = apiKey({ ...options, imported: { ...imported, hmac: 'LEGACY_HMAC' as never } })
    const mac = createHmac('sha256', 'pepper').update(LEGACY).digest('hex')
    const { store, asked } = storeOf({
      [mac]: JSON.stringify(importedRecord({ digest: mac, id: 'legacy-2', scopes: [], now: NOW })),
    })
    const use = (env: object) =>
      ask(keyed, { headers: bearer(LEGACY), store, env: { CHECKSUM: SECRET, ...env } })
    expect(outcome(await use({ LEGACY_HMAC: 'pepper' }))).toBe('in: apiKey|legacy-2')
    expect(outcome(await use({ LEGACY_HMAC: 'salt' }))).toBe('credential_refused: no such key is known')
    expect(outcome(await use({}))).toMatch(/^not_configured: secret LEGACY_HMAC is not set/)
    expect(asked).toHaveLength(2)
  })

  it('is of its whole pattern and is no key of ours: that one needs its checksum, whatever the pattern says', async () => {
    const wide = apiKey({ ...options, imported: { pattern: /^[a-z_A-Z0-9]{1,1000}$/ } })
    const { store, asked } = holding()
    const random = `acme_live_${'A'.repeat(54)}`
    expect(outcome(await ask(wide, { headers: bearer(random), store }))).toBe(
      'credential_refused: the checksum is not of the key',
    )
    expect(outcome(await ask(route, { headers: bearer(`x${LEGACY}`), store }))).toBe(
      'credential_refused: the credential is of no kind that the route takes',
    )
    expect(outcome(await ask(wide, { headers: bearer(`${LEGACY}${'0'.repeat(600)}`), store }))).toMatch(
      /of no kind/,
    )
    expect(asked).toEqual([])
  })

  it('costs at most 20 look-ups a second while it is unknown: then 503, and what is remembered passes', async () => {
    const { store, asked } = holding()
    expect((await ask(route, { headers: bearer(LEGACY), store })).ok).toBe(true)
    const codes: string[] = []
    for (let i = 0; i < 1000; i++) {
      const result = await ask(route, { headers: bearer(unknown(i)), store })
      codes.push(result.ok ? 'in' : result.denial.code)
    }
    expect(asked).toHaveLength(1 + 20)
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('credential_refused'))
    expect(new Set(codes.slice(20))).toEqual(new Set(['issuer_unavailable']))
    expect((await ask(route, { headers: bearer(LEGACY), store })).ok).toBe(true)
    // A key of ours that this isolate has not seen is no concern of theirs.
    const minted = await mintKey({ prefix: 'acme_live', checksumSecret: SECRET, scopes: [], now: NOW })
    expect(outcome(await ask(route, { headers: bearer(minted.key), store }))).toMatch(/no such key is known/)
    // A second later there are 20 more.
    for (let i = 2000; i < 2100; i++)
      await ask(route, { headers: bearer(unknown(i)), store, now: NOW + 1000 })
    expect(asked).toHaveLength(1 + 20 + 1 + 20)
  })

  it('costs no more in parallel: at most 20 look-ups run', async () => {
    const { store, asked } = storeOf(() => new Promise((resolve) => setTimeout(resolve, 50)))
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        ask(route, { headers: bearer(unknown(i)), store, remainingMs: 10_000 }),
      ),
    )
    expect(asked).toHaveLength(20)
    const codes = results.map((result) => (result.ok ? 'in' : result.denial.code))
    expect(codes.filter((code) => code === 'issuer_unavailable')).toHaveLength(480)
  })

  it('does not push out good ones: unknown ones have a memory of their own', async () => {
    const { store, asked } = holding()
    expect((await ask(route, { headers: bearer(LEGACY), store })).ok).toBe(true)
    for (let i = 0; i < 1500; i++) await ask(route, { headers: bearer(unknown(i)), store, now: NOW + i * 35 })
    const before = asked.length
    expect(before).toBeGreaterThan(1000)
    expect((await ask(route, { headers: bearer(LEGACY), store, now: NOW + 55_000 })).ok).toBe(true)
    expect(asked).toHaveLength(before)
  })
})
