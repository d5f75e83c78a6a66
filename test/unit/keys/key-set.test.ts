import * as fc from 'fast-check'
import { base64url, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { findIn, readKeySet } from '../../../src/keys/key-set.ts'
import { utf8 } from '../../../src/lib/digest.ts'
import { publicJwk } from './keys.ts'

const ALL = ['ES256', 'RS256', 'PS256', 'EdDSA']
let es: JWK
let es2: JWK
let es3: JWK
let rsa: JWK
beforeAll(async () => {
  ;[es, es2, es3, rsa] = await Promise.all([
    publicJwk('ES256', { kid: 'a' }),
    publicJwk('ES256', { kid: 'b' }),
    publicJwk('ES256', { kid: 'c' }),
    publicJwk('RS256', { kid: 'r' }),
  ])
})

const read = (keys: unknown, algorithms = ALL) => readKeySet(utf8(JSON.stringify({ keys })), algorithms)
async function setOf(keys: unknown, algorithms = ALL) {
  const outcome = await read(keys, algorithms)
  if (!outcome.ok) throw new Error(outcome.fault)
  return outcome.set
}
async function faultOf(text: string | Uint8Array) {
  const outcome = await readKeySet(typeof text === 'string' ? utf8(text) : text, ALL)
  return outcome.ok ? 'taken' : outcome.fault
}

describe('a key set', () => {
  it('is found in by kid and algorithm together', async () => {
    const set = await setOf([es, rsa])
    expect(findIn(set, { kid: 'a', algorithm: 'ES256' })).toHaveLength(1)
    expect(findIn(set, { kid: 'r', algorithm: 'RS256' })).toHaveLength(1)
    expect(findIn(set, { kid: 'a', algorithm: 'RS256' })).toEqual([])
    expect(findIn(set, { kid: 'r', algorithm: 'PS256' })).toEqual([])
    expect(findIn(set, { kid: 'r', algorithm: 'rs256' })).toEqual([])
  })

  it.each(['__proto__', 'constructor', 'toString', '../../dev/null', "' OR 1=1", '\0', 'A', ''])(
    'has nothing under the kid %j',
    async (kid) => {
      expect(findIn(await setOf([es, rsa]), { kid, algorithm: 'ES256' })).toEqual([])
    },
  )

  it('answers a token without kid only where one key has its algorithm', async () => {
    expect(findIn(await setOf([es, rsa]), { kid: undefined, algorithm: 'ES256' })).toHaveLength(1)
    expect(findIn(await setOf([es, es2]), { kid: undefined, algorithm: 'ES256' })).toEqual([])
    expect(findIn(await setOf([rsa]), { kid: undefined, algorithm: 'ES256' })).toEqual([])
    // One key under two names is one key.
    const set = await setOf([es, { ...es, kid: 'z' }])
    expect(findIn(set, { kid: undefined, algorithm: 'ES256' })).toHaveLength(1)
    expect(findIn(set, { kid: 'z', algorithm: 'ES256' })).toHaveLength(1)
  })

  it('does not give a key without kid to a token that names one', async () => {
    const { kid: _, ...nameless } = es
    const set = await setOf([nameless])
    expect(findIn(set, { kid: 'a', algorithm: 'ES256' })).toEqual([])
    expect(findIn(set, { kid: undefined, algorithm: 'ES256' })).toHaveLength(1)
  })

  it('keeps the first two of a kid and algorithm', async () => {
    const same = [es, es2, es3].map((jwk) => ({ ...jwk, kid: 'same' }))
    const set = await setOf([...same, { ...rsa, kid: 'same' }])
    expect(findIn(set, { kid: 'same', algorithm: 'ES256' })).toHaveLength(2)
    expect(findIn(set, { kid: 'same', algorithm: 'RS256' })).toHaveLength(1)
    expect(set.thumbprints.size).toBe(3)
  })

  it('counts a key that is listed twice once', async () => {
    const set = await setOf([es, es, es])
    expect(findIn(set, { kid: 'a', algorithm: 'ES256' })).toHaveLength(1)
    expect(set.jwks).toHaveLength(1)
  })

  it('takes one key for one algorithm, the first', async () => {
    const set = await setOf([rsa, { ...rsa, alg: 'PS256', kid: 'other' }])
    expect(findIn(set, { kid: 'r', algorithm: 'RS256' })).toHaveLength(1)
    expect(findIn(set, { kid: 'other', algorithm: 'PS256' })).toEqual([])
  })

  it('drops what cannot verify and keeps the rest', async () => {
    const x = base64url.decode(String(es2.x))
    const offCurve = { ...es2, x: base64url.encode(x.with(-1, (x.at(-1) ?? 0) ^ 1)) }
    const set = await setOf([
      null,
      5,
      { kty: 'oct', k: 'AA' },
      { ...es2, use: 'enc' },
      { ...es3, d: 'AA' },
      offCurve,
      es,
    ])
    expect(set.jwks.map(({ kid }) => kid)).toEqual(['a'])
  })

  it('of which nothing is left is refused', async () => {
    for (const keys of [[], [{ kty: 'oct', k: 'AA' }], [{ ...es, d: 'AA' }], [null]]) {
      expect(await read(keys)).toEqual({ ok: false, fault: 'the key set has no usable key' })
    }
    expect(await read([es], ['RS256'])).toMatchObject({ ok: false })
  })

  it('of more than 64 keys is refused, usable or not', async () => {
    expect(await read(Array.from({ length: 64 }, () => es))).toMatchObject({ ok: true })
    const fault = 'the key set has 65 keys'
    expect(await read(Array.from({ length: 65 }, () => null))).toEqual({ ok: false, fault })
  })

  it.each([
    ['HTML', '<!doctype html>'],
    ['nothing', ''],
    ['a duplicate member', '{"keys":[],"keys":[]}'],
    ['a byte order mark', '\ufeff{"keys":[]}'],
    ['a member of the prototype', '{"keys":[],"__proto__":{"keys":[]}}'],
    ['too many levels', `{"keys":${'['.repeat(20)}${']'.repeat(20)}}`],
    ['too many members', `{"keys":[${'[],'.repeat(5000)}[]]}`],
    ['no UTF-8', Uint8Array.from([0x7b, 0xff, 0x7d])],
  ])('of %s is refused by the parser', async (_, text) => {
    expect(await faultOf(text)).toMatch(/^the key set is no strict JSON: [a-z-]+$/)
  })

  it.each(['null', '5', '[]', '"keys"', '{}', '{"keys":null}', '{"keys":{}}', '{"keys":"x"}', '{"Keys":[]}'])(
    '%s has no list of keys',
    async (text) => {
      expect(await faultOf(text)).toBe('the key set has no list of keys')
    },
  )

  it('never makes the reader throw, and is never empty', async () => {
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          kty: fc.constantFrom('RSA', 'EC', 'OKP', 'oct'),
          crv: fc.constantFrom('P-256', 'Ed25519', 'P-999'),
          x: fc.oneof(
            fc.string(),
            fc.constant(() => es.x).map((x) => x()),
          ),
          y: fc.oneof(
            fc.string(),
            fc.constant(() => es.y).map((y) => y()),
          ),
          n: fc.oneof(
            fc.string(),
            fc.constant(() => rsa.n).map((n) => n()),
          ),
          e: fc.constantFrom('AQAB', 'AQ', 'Aw', '', 'AAAAAA'),
          alg: fc.constantFrom('RS256', 'ES256', 'HS256', 'none', null),
          kid: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 70 }), async (keys) => {
        const outcome = await read(keys)
        if (outcome.ok) expect(outcome.set.jwks.length).toBeGreaterThan(0)
        else expect(outcome.fault).toMatch(/^the key set [a-z0-9 :-]+$/i)
      }),
      { numRuns: 300 },
    )
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect((await readKeySet(bytes, ALL)).ok).toBe(false)
      }),
    )
  })
})
