import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importedRecord, mintKey } from '../../../../src/credentials/api-key/mint.ts'
import {
  type KeyRecord,
  MAX_RECORD_BYTES,
  parseKeyRecord,
} from '../../../../src/credentials/api-key/record.ts'
import { NOW, SECRET } from './calls.ts'

const good: KeyRecord = {
  id: 'key_1',
  digest: 'ab'.repeat(32),
  scopes: ['reports:read'],
  createdAt: '2026-11-22T09:00:00Z',
}
const full: KeyRecord = {
  ...good,
  roles: ['admin'],
  claims: { tenant: 'acme', limits: { daily: 5 } },
  expiresAt: '2027-02-28T23:59:59.999Z',
  name: 'Ann’s laptop',
  owner: 'team reports',
}
const read = (record: object) => parseKeyRecord(JSON.stringify(record))
const order = { prefix: 'acme_live', checksumSecret: SECRET, scopes: ['a'], now: NOW }

describe('a record', () => {
  it.each([good, full, { ...good, scopes: [] }])('is read as it was stored', (record) => {
    expect(read(record)).toEqual({ ok: true, record })
  })

  it.each<[string, object, string]>([
    ['no id', { ...good, id: undefined }, 'id'],
    ['an empty id', { ...good, id: '' }, 'id'],
    ['an id that would be another name in a revocation', { ...good, id: 'a|b' }, 'id'],
    ['an id of 65 characters', { ...good, id: 'a'.repeat(65) }, 'id'],
    ['no digest', { ...good, digest: undefined }, 'digest'],
    ['a digest in capitals', { ...good, digest: 'AB'.repeat(32) }, 'digest'],
    ['a digest of 31 bytes', { ...good, digest: 'ab'.repeat(31) }, 'digest'],
    ['the key in place of the digest', { ...good, digest: 'acme_live_x' }, 'digest'],
    ['no scopes', { ...good, scopes: undefined }, 'scopes'],
    ['scopes in one text', { ...good, scopes: 'a b' }, 'scopes'],
    ['two scopes in one', { ...good, scopes: ['a b'] }, 'scopes.0'],
    ['a scope that is a number', { ...good, scopes: ['a', 1] }, 'scopes.1'],
    ['65 scopes', { ...good, scopes: Array(65).fill('a') }, 'scopes'],
    ['a role with a line break', { ...good, roles: ['a\nb'] }, 'roles.0'],
    ['claims in a list', { ...good, claims: ['tenant'] }, 'claims'],
    [
      '65 claims',
      { ...good, claims: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, 1])) },
      'claims',
    ],
    ['no time', { ...good, createdAt: undefined }, 'createdAt'],
    ['milliseconds', { ...good, createdAt: NOW }, 'createdAt'],
    ['a time without zone', { ...good, expiresAt: '2026-11-22T09:00:00' }, 'expiresAt'],
    ['a time of another zone', { ...good, expiresAt: '2026-11-22T09:00:00+01:00' }, 'expiresAt'],
    ['a day that does not exist', { ...good, expiresAt: '2026-02-30T00:00:00Z' }, 'expiresAt'],
    ['an hour that does not exist', { ...good, expiresAt: '2026-02-20T24:00:00Z' }, 'expiresAt'],
    ['an end that is null', { ...good, expiresAt: null }, 'expiresAt'],
    ['a name with control characters', { ...good, name: 'a\u0007' }, 'name'],
    [
      'a member that nobody knows, such as a misspelt end',
      { ...good, expiresAT: full.expiresAt },
      'expiresAT',
    ],
  ])('with %s is refused, and the member is named', (_, record, at) => {
    expect(read(record)).toEqual({ ok: false, at })
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"key"'],
    ['two records', JSON.stringify(good).repeat(2)],
    ['a member that comes twice', JSON.stringify(good).replace('{', '{"id":"key_2",')],
    ['a member that is __proto__', JSON.stringify(good).replace('{', '{"__proto__":{"roles":["admin"]},')],
    [
      'claims nine deep',
      JSON.stringify({ ...good, claims: JSON.parse(`${'{"a":'.repeat(8)}1${'}'.repeat(8)}`) }),
    ],
    ['half of a surrogate pair', JSON.stringify(good).replace('key_1', '\\ud800')],
    ['too many bytes', JSON.stringify({ ...good, claims: { a: 'ä'.repeat(MAX_RECORD_BYTES / 2) } })],
  ])('that is %s is refused', (_, text) => {
    expect(parseKeyRecord(text).ok).toBe(false)
  })

  it('is never taken from junk, and reading it never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ ...good, claims: value })),
        ),
        (text) => {
          const result = parseKeyRecord(text)
          if (result.ok) expect(JSON.parse(text)).toEqual(result.record)
        },
      ),
    )
  })
})

describe('making a key', () => {
  it('gives the key once and stores its SHA-256 alone', async () => {
    const { key, record } = await mintKey({ ...order, claims: { tenant: 'acme' }, name: 'ci' })
    const { createHash } = await import('node:crypto')
    expect(record.digest).toBe(createHash('sha256').update(key).digest('hex'))
    expect(JSON.stringify(record)).not.toContain(key.slice('acme_live_'.length))
    expect(record).toMatchObject({
      scopes: ['a'],
      claims: { tenant: 'acme' },
      name: 'ci',
      createdAt: '2026-11-22T09:00:00.000Z',
    })
    expect(read(record)).toEqual({ ok: true, record })
  })

  it('makes another key and id each time', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => mintKey(order)))
    expect(new Set(made.flatMap(({ key, record }) => [key, record.id, record.digest])).size).toBe(150)
  })

  it.each([
    ['a bad prefix', { prefix: 'Acme' }, /^prefix: /],
    ['a short secret', { checksumSecret: 'short' }, /^checksumSecret: /],
    ['a scope with a space', { scopes: ['a b'] }, /^scopes\.0: /],
    ['an end that is no time', { expiresAt: 'tomorrow' }, /^expiresAt: /],
    ['claims that are too large', { claims: { a: 'a'.repeat(9000) } }, /^record: has more than 8192 bytes/],
  ])('throws for %s, and names it', async (_, wrong, message) => {
    await expect(mintKey({ ...order, ...wrong })).rejects.toThrow(message)
    await expect(mintKey({ ...order, ...wrong })).rejects.toThrow(TypeError)
  })

  it('takes the digest of a key that was made elsewhere, in capitals too', () => {
    const record = importedRecord({ digest: 'AB'.repeat(32), scopes: [], now: NOW, id: 'legacy-7' })
    expect(record).toEqual({
      id: 'legacy-7',
      digest: good.digest,
      scopes: [],
      createdAt: '2026-11-22T09:00:00.000Z',
    })
    // The same id each time that it is imported.
    const nameless = () => importedRecord({ digest: 'AB'.repeat(32), scopes: [], now: NOW })
    expect([nameless().id, nameless().id]).toEqual(Array(2).fill('key_abababababababababab'))
    expect(() => importedRecord({ digest: 'c2VjcmV0/+=', scopes: [], now: NOW })).toThrow(/^digest: /)
    expect(() => importedRecord({ digest: 'sk_secret', scopes: [], now: NOW })).toThrow(/^digest: /)
  })
})
