import { describe, expect, it } from 'vitest'
import { apiKey } from '../../../../src/credentials/api-key/index.ts'
import { importedRecord, mintKey } from '../../../../src/credentials/api-key/mint.ts'
import { oneOf } from '../../../../src/credentials/one-of.ts'
import { ask, NOW, outcome, SECRET, storeOf } from './calls.ts'

const good = { prefix: 'acme_live', checksum: 'CHECKSUM', keys: 'state' }
const make = (wrong: object) => () => apiKey({ ...good, ...wrong } as never)

describe('the options of apiKey, at load', () => {
  it.each([
    ['prefix', { prefix: undefined }],
    ['prefix', { prefix: 'Acme' }],
    ['prefix', { prefix: 'acme_' }],
    ['checksum', { checksum: undefined }],
    ['checksum', { checksum: '' }],
    ['keys', { keys: undefined }],
    ['keys', { keys: 'redis' }],
    ['keys.secret', { keys: {} }],
    ['keys.state', { keys: { secret: 'KEYS', state: true } }],
    ['headers', { headers: [] }],
    ['headers', { headers: 'x-api-key' }],
    ['headers[0]', { headers: ['X-Api-Key'] }],
    ['headers[1]', { headers: ['x-api-key', 'cookie'] }],
    ['headers[0]', { headers: ['x api key'] }],
    ['cache', { cache: '60s' }],
    ['cache', { cache: '2 h' }],
    ['imported', { imported: true }],
    ['imported.pattern', { imported: {} }],
    ['imported.pattern', { imported: { pattern: '^sk_' } }],
    ['imported.pattern', { imported: { pattern: /^sk_/ } }],
    ['imported.pattern', { imported: { pattern: /sk_$/ } }],
    ['imported.pattern', { imported: { pattern: /^sk_$/g } }],
    ['imported.pattern', { imported: { pattern: /^sk_$/m } }],
    ['imported.hmac', { imported: { pattern: /^sk_$/, hmac: 7 } }],
    ['imported.prefix', { imported: { pattern: /^sk_$/, prefix: 'sk' } }],
    ['claims', { claims: { tenant: 'string' } }],
    ['scopes', { scopes: ['a'] }],
  ])('complain of %s: %o', (option, wrong) => {
    expect(make(wrong)).toThrow(TypeError)
    expect(make(wrong)).toThrow(`apiKey: ${option}: `)
  })

  it('complain of what is no options at all', () => {
    expect(() => apiKey(undefined as never)).toThrow(TypeError)
  })

  it('tell the secrets and the challenges of the route', () => {
    const route = make({
      headers: ['authorization', 'x-api-key'],
      keys: { secret: 'KEYS' },
      imported: { pattern: /^sk_$/, hmac: 'OLD' },
    })()
    expect(route).toMatchObject({
      name: 'api key',
      kind: 'apiKey',
      signsBody: false,
      secrets: ['CHECKSUM', 'KEYS', 'OLD'],
      challenges: [{ scheme: 'Bearer' }, { scheme: 'ApiKey', parameters: { header: 'x-api-key' } }],
    })
  })
})

describe('where a key may stand', async () => {
  const { key, record } = await mintKey({
    prefix: 'acme_live',
    checksumSecret: SECRET,
    scopes: [],
    now: NOW,
    id: 'k',
  })
  const both = make({ headers: ['authorization', 'x-api-key'] })()
  const own = make({ headers: ['x-api-key'] })()
  const use = async (route: typeof both, headers: Record<string, string>) =>
    outcome(await ask(route, { headers, store: storeOf({ [record.digest]: JSON.stringify(record) }).store }))

  it.each([
    ['Bearer', both, { authorization: `Bearer ${key}` }, 'in: apiKey|k'],
    ['Bearer in capitals', both, { authorization: `BEARER ${key}` }, 'in: apiKey|k'],
    ['a header of its own', both, { 'x-api-key': key }, 'in: apiKey|k'],
    ['both at once', both, { authorization: `Bearer ${key}`, 'x-api-key': key }, 'credential_repeated'],
    ['the header twice', both, { 'x-api-key': `${key}, ${key}` }, 'credential_repeated'],
    [
      'Bearer beside its only header',
      own,
      { authorization: `Bearer ${key}`, 'x-api-key': key },
      'credential_repeated',
    ],
    ['Bearer where only the header counts', own, { authorization: `Bearer ${key}` }, 'credential_missing'],
    ['Bearer inside the header', own, { 'x-api-key': `Bearer ${key}` }, 'credential_refused'],
    ['Basic', both, { authorization: `Basic ${btoa(`${key}:`)}` }, 'credential_missing'],
    ['a cookie', both, { cookie: `x-api-key=${key}` }, 'credential_missing'],
    ['nowhere', both, {}, 'credential_missing'],
  ])('%s', async (_, route, headers, expected) => {
    expect((await use(route, headers)).startsWith(expected)).toBe(true)
  })

  it('names the scheme that a refused key came in', async () => {
    const wrong = key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A'))
    for (const [headers, scheme] of [
      [{ authorization: `Bearer ${wrong}` }, 'Bearer'],
      [{ 'x-api-key': wrong }, 'ApiKey'],
    ] as const) {
      expect(await ask(both, { headers })).toMatchObject({ denial: { challenge: { scheme } } })
    }
  })
})

describe('two kinds of keys on one route', async () => {
  const live = await mintKey({
    prefix: 'acme_live',
    checksumSecret: SECRET,
    scopes: [],
    now: NOW,
    id: 'live',
  })
  const test = await mintKey({
    prefix: 'acme_test',
    checksumSecret: SECRET,
    scopes: [],
    now: NOW,
    id: 'test',
  })
  const route = oneOf(make({})(), make({ prefix: 'acme_test' })())
  const texts = Object.fromEntries([live, test].map(({ record }) => [record.digest, JSON.stringify(record)]))

  it.each([live, test])('are told by their prefix', async ({ key, record }) => {
    const { store } = storeOf(texts)
    expect(outcome(await ask(route, { headers: { authorization: `Bearer ${key}` }, store }))).toBe(
      `in: apiKey|${record.id}`,
    )
  })

  it('do not stand in for each other', async () => {
    const { store, asked } = storeOf({
      ...texts,
      x: JSON.stringify(importedRecord({ digest: 'ab'.repeat(32), scopes: [], now: NOW })),
    })
    const swapped = live.key.replace('acme_live', 'acme_test')
    expect(outcome(await ask(route, { headers: { authorization: `Bearer ${swapped}` }, store }))).toBe(
      'credential_refused: the checksum is not of the key',
    )
    expect(asked).toEqual([])
  })
})
