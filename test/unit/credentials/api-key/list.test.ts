import { describe, expect, it } from 'vitest'
import { apiKey } from '../../../../src/credentials/api-key/index.ts'
import { mintKey } from '../../../../src/credentials/api-key/mint.ts'
import { ask, NOW, outcome, SECRET, storeOf } from './calls.ts'

const route = apiKey({
  prefix: 'acme_live',
  checksum: 'CHECKSUM' as never,
  keys: { secret: 'KEYS' as never },
})
const order = { prefix: 'acme_live', checksumSecret: SECRET, scopes: ['a'], now: NOW }
const ann = await mintKey({ ...order, id: 'ann' })
const bob = await mintKey({ ...order, id: 'bob' })
const lines = (...records: unknown[]) => records.map((record) => JSON.stringify(record)).join('\n')
const use = (key: string, KEYS: string | undefined, by = route) => {
  const { store, asked } = storeOf({})
  const result = ask(by, {
    headers: { authorization: `Bearer ${key}` },
    env: { CHECKSUM: SECRET, KEYS },
    store,
  })
  return result.then((result) => ({ result, asked }))
}

describe('keys in a secret', () => {
  it.each([
    ['a JSON array', JSON.stringify([ann.record, bob.record])],
    ['a JSON array over several lines', JSON.stringify([ann.record, bob.record], null, 2)],
    ['one record a line', lines(ann.record, bob.record)],
    [
      'one record a line, with blank ones and CR LF',
      `\n${lines(ann.record, bob.record).replace('\n', '\r\n\r\n')}\n`,
    ],
  ])('as %s pass, and shared state is not asked', async (_, KEYS) => {
    for (const { key, record } of [ann, bob]) {
      const { result, asked } = await use(key, KEYS)
      expect(outcome(result)).toBe(`in: apiKey|${record.id}`)
      expect(result).not.toMatchObject({ value: { warnings: expect.anything() } })
      expect(asked).toEqual([])
    }
  })

  it.each([
    ['a broken record', lines(ann.record, { ...bob.record, scope: 'a' })],
    ['a line that is no JSON', `${lines(ann.record)}\nbob`],
    ['a broken one in the array', JSON.stringify([{ ...bob.record, scopes: 'a' }, ann.record])],
  ])('with %s beside a good one: the good one passes with a warning, the other does not', async (_, KEYS) => {
    const { result } = await use(ann.key, KEYS)
    expect(result).toMatchObject({
      ok: true,
      value: {
        principal: { id: 'apiKey|ann', scopes: ['a'] },
        warnings: [{ code: 'not_configured', measure: { limit: 0, actual: 1, unit: 'count' } }],
      },
    })
    expect(outcome((await use(bob.key, KEYS)).result)).toBe('credential_refused: no such key is known')
  })

  const tight = { ...bob.record, id: 'tight', scopes: [] }
  const other = { ...bob.record, digest: 'ab'.repeat(32) }
  it.each([
    ['two records of one key', [bob.record, tight], 2],
    ['two records of one key with one id', [bob.record, { ...tight, id: 'bob' }], 2],
    ['two keys with one id', [bob.record, other], 2],
    ['three records of one key', [bob.record, tight, { ...tight, id: 'third' }], 3],
    ['a record that shares its key with one and its id with another', [tight, bob.record, other], 3],
  ])('with %s: none of them passes, and the others do with a warning', async (_, repeated, actual) => {
    for (const KEYS of [
      [...repeated, ann.record],
      [ann.record, ...repeated.toReversed()],
    ]) {
      expect(outcome((await use(bob.key, lines(...KEYS))).result)).toBe(
        'credential_refused: no such key is known',
      )
      expect((await use(ann.key, lines(...KEYS))).result).toMatchObject({
        value: {
          principal: { id: 'apiKey|ann' },
          warnings: [{ code: 'not_configured', measure: { limit: 0, actual, unit: 'count' } }],
        },
      })
    }
  })

  it.each([
    ['no secret', undefined],
    ['an empty secret', ''],
    ['a secret that is junk', 'junk'],
    ['an array that does not close', '[{"id":"ann"}'],
    ['only broken records', lines({ ...ann.record, id: '' })],
    ['only one key, twice', lines(ann.record, { ...ann.record, id: 'again' })],
    ['a record in an object', JSON.stringify({ keys: [ann.record] })],
  ])('are a route that is not ready with %s', async (_, KEYS) => {
    expect(outcome((await use(ann.key, KEYS)).result)).toMatch(/^not_configured: secret KEYS /)
  })

  it('may be none at all: everybody is refused', async () => {
    expect(outcome((await use(ann.key, '[]')).result)).toBe('credential_refused: no such key is known')
  })

  it('are read again when the secret changes', async () => {
    expect((await use(ann.key, lines(ann.record))).result.ok).toBe(true)
    expect((await use(ann.key, lines(bob.record))).result.ok).toBe(false)
  })
})
