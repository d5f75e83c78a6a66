import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { facts, inspect, NOW, part, proof, signer, TOKEN, URL, verdict } from './proofs.ts'

const REFUSED = 'proof_refused: DPoP: '
const good = proof()
const [head = '', claims = '', signature = ''] = good.split('.')

test('accepts a proof in which nothing is wrong', () => {
  expect(verdict(inspect(good))).toBe('accepted')
})

test.each([
  ['no header at all', undefined, 'the header is missing'],
  ['two headers, joined as fetch joins them', `${good}, ${good}`, 'the header came more than once'],
  ['two proofs with a comma and no space', `${good},${good}`, 'the header came more than once'],
  ['a proof of 4097 characters', `${good}${'A'.repeat(4097 - good.length)}`, 'the proof is too long'],
  ['a million dots', '.'.repeat(1_000_000), 'the proof is too long'],
  ['an empty header', '', 'the proof has not three parts'],
  ['one part', head, 'the proof has not three parts'],
  ['two parts', `${head}.${claims}`, 'the proof has not three parts'],
  ['four parts', `${good}.AA`, 'the proof has not three parts'],
  ['five parts, as an encrypted one', `${good}.AA.AA`, 'the proof has not three parts'],
  [
    'an empty first part',
    `.${claims}.${signature}`,
    'the header of the proof is not strict JSON in base64url',
  ],
  [
    'an empty second part',
    `${head}..${signature}`,
    'the claims of the proof are not strict JSON in base64url',
  ],
  ['an empty signature', `${head}.${claims}.`, 'the signature is not of the size of its algorithm'],
  ['padding', `${head}.${claims}.${signature}==`, 'the signature is not of the size of its algorithm'],
  [
    'a space in a part',
    `${head}.${claims.slice(0, 4)} ${claims.slice(4)}.${signature}`,
    'the claims of the proof',
  ],
  ['the alphabet of plain base64', `${head}.${claims}.${'+'.repeat(86)}`, 'the signature is not of the size'],
  [
    'a signature one byte too short',
    `${head}.${claims}.${part(Buffer.alloc(63))}`,
    'the signature is not of the size',
  ],
  [
    'a signature one byte too long',
    `${head}.${claims}.${part(Buffer.alloc(65))}`,
    'the signature is not of the size',
  ],
  [
    'a signature in DER',
    `${head}.${claims}.${part(Buffer.alloc(70, 48))}`,
    'the signature is not of the size',
  ],
  ['the JSON serialization', '{"payload":""}', 'the proof has not three parts'],
])('refuses %s', (_, text, reason) => {
  expect(verdict(inspect(text))).toContain(REFUSED + reason)
})

test('refuses unused bits that are not zero', () => {
  // The last character of 64 bytes carries four of them.
  const last = signature.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const twin = alphabet[alphabet.indexOf(last) + 1]
  expect(Buffer.from(signature.slice(0, -1) + twin, 'base64url')).toEqual(Buffer.from(signature, 'base64url'))
  expect(verdict(inspect(`${head}.${claims}.${signature.slice(0, -1)}${twin}`))).toBe(
    `${REFUSED}the signature is not of the size of its algorithm`,
  )
})

const header = (members: Record<string, unknown>) => verdict(inspect(proof({ header: members })))

describe('of the header', () => {
  test.each([
    ['absent', undefined],
    ['JWT', 'JWT'],
    ['that of an access token', 'at+jwt'],
    ['in other letters', 'DPoP+JWT'],
    ['with the prefix application/', 'application/dpop+jwt'],
    ['followed by a space', 'dpop+jwt '],
    ['null', null],
    ['a list', ['dpop+jwt']],
  ])('refuses a typ that is %s', (_, typ) => {
    expect(header({ typ })).toBe(`${REFUSED}typ is not dpop+jwt`)
  })

  test.each([
    'none',
    'None',
    'NONE',
    '',
    'HS256',
    'HS512',
    'es256',
    'ES256K',
    'ES384',
    'constructor',
    '__proto__',
    'RSA-OAEP',
    null,
    0,
    true,
    ['ES256'],
    undefined,
  ])('refuses the algorithm %j', (alg) => {
    expect(header({ alg })).toBe(`${REFUSED}the algorithm is none that the route takes`)
  })

  test.each([
    ['crit', ['exp']],
    ['crit', []],
    ['b64', false],
    ['jku', 'https://attacker.example/jwks'],
    ['x5u', 'http://169.254.169.254/'],
    ['x5c', ['MIIB']],
    ['zip', 'DEF'],
    ['cty', 'JWT'],
    ['enc', 'A256GCM'],
  ])('refuses the member %s', (name, value) => {
    expect(header({ [name]: value })).toBe(
      `${REFUSED}the header of the proof has a member that it must not have`,
    )
  })

  test('ignores a kid, which decides nothing', () => {
    expect(header({ kid: '../../dev/null' })).toBe('accepted')
  })

  test.each([
    ['a list', '[]'],
    ['a text', '"dpop+jwt"'],
    ['null', 'null'],
    ['a member twice', '{"typ":"JWT","typ":"dpop+jwt"}'],
    ['a member twice, once escaped', '{"typ":"dpop+jwt","\\u0074yp":"dpop+jwt"}'],
    ['__proto__', '{"__proto__":{"typ":"dpop+jwt"}}'],
    ['five levels', '{"a":{"b":{"c":{"d":{}}}}}'],
    ['two hundred members', `{${Array.from({ length: 200 }, (_, i) => `"${i}":0`).join()}}`],
    ['a byte order mark', '\ufeff{}'],
    ['bytes that are not UTF-8', new Uint8Array([123, 34, 255, 34, 58, 49, 125])],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['trailing text', '{}{}'],
  ])('refuses %s', (_, rawHeader) => {
    expect(verdict(inspect(proof({ rawHeader })))).toBe(
      `${REFUSED}the header of the proof is not strict JSON in base64url`,
    )
  })
})

const claim = (members: Record<string, unknown>, now = NOW) =>
  verdict(inspect(proof({ claims: members }), {}, { now: now * 1000 }))

describe('of the claims', () => {
  test.each(['GET', 'post', 'Post', 'POST ', '', null, undefined, ['POST']])('refuses htm %j', (htm) => {
    expect(claim({ htm })).toBe(`${REFUSED}htm is not the method of the request`)
  })

  test.each([
    'https://other.example.com/tenants/acme/orders',
    'https://api.example.com/tenants/other/orders',
    '/tenants/acme/orders',
    '',
    null,
    undefined,
    [URL],
  ])('refuses htu %j', (htu) => {
    expect(claim({ htu })).toBe(`${REFUSED}htu is not the URL of the request`)
  })

  test.each([undefined, null, '1900000000', NOW + 0.5, -1, [NOW], {}, true, 2 ** 53])(
    'refuses iat %j',
    (iat) => {
      expect(claim({ iat })).toBe(`${REFUSED}iat is not a time in whole seconds`)
    },
  )

  test('refuses a number that no double holds', () => {
    const rawClaims = `{"htm":"POST","htu":"${URL}","iat":1e400,"jti":"a","ath":"b"}`
    expect(verdict(inspect(proof({ rawClaims })))).toContain('not strict JSON')
  })

  test.each([
    [-60, 'accepted'],
    [-61, `${REFUSED}the proof is too old`],
    [5, 'accepted'],
    [6, `${REFUSED}iat is in the future`],
    [NOW * 999, `${REFUSED}iat is in the future`],
    [-NOW, `${REFUSED}the proof is too old`],
  ])('judges an iat %i seconds from now', (from, expected) => {
    expect(claim({ iat: NOW + from })).toBe(expected)
  })

  test('has the age in the measure, in seconds', () => {
    const result = inspect(proof(), {}, { now: (NOW + 90) * 1000 })
    expect(result).toMatchObject({ denial: { measure: { limit: 60, actual: 90, unit: 'seconds' } } })
  })

  test('takes older proofs where the route says so', () => {
    const now = (NOW + 100) * 1000
    expect(verdict(inspect(proof(), { maxAge: '2 m' }, { now }))).toBe('accepted')
    expect(verdict(inspect(proof(), { maxAge: '10 s' }, { now: (NOW + 11) * 1000 }))).toContain('too old')
  })

  test.each([
    [{ exp: NOW }, `${REFUSED}exp is over, or no time`],
    [{ exp: '2100' }, `${REFUSED}exp is over, or no time`],
    [{ exp: NOW + 1 }, 'accepted'],
    [{ nbf: NOW + 6 }, `${REFUSED}nbf is not reached, or no time`],
    [{ nbf: null }, `${REFUSED}nbf is not reached, or no time`],
    [{ nbf: NOW + 5 }, 'accepted'],
  ])('holds a proof to its own %j', (members, expected) => {
    expect(claim(members)).toBe(expected)
  })

  test.each([undefined, null, '', 7, ['a'], 'a'.repeat(129)])('refuses jti %j', (jti) => {
    expect(claim({ jti })).toBe(`${REFUSED}jti is not a text of 1 to 128 characters`)
  })

  test('takes a jti of 128 characters', () => {
    expect(claim({ jti: 'a'.repeat(128) })).toBe('accepted')
  })

  test.each([
    undefined,
    null,
    '',
    5,
    TOKEN,
    'A'.repeat(42),
    `${'A'.repeat(42)}B`,
    `${'A'.repeat(43)}=`,
    'a'.repeat(64),
  ])('refuses ath %j', (ath) => {
    expect(claim({ ath })).toBe(`${REFUSED}ath is not a SHA-256 in base64url`)
  })

  test.each([
    ['a member twice', '{"jti":"a","jti":"b"}'],
    ['a list', '[]'],
    ['thousand open brackets', '['.repeat(1000)],
  ])('refuses %s', (_, rawClaims) => {
    expect(verdict(inspect(proof({ rawClaims })))).toBe(
      `${REFUSED}the claims of the proof are not strict JSON in base64url`,
    )
  })
})

test('tells nothing of the proof in a denial, and names the scheme of the challenge', () => {
  const jti = 'jti-canary-'.repeat(12)
  const result = inspect(proof({ claims: { jti } }))
  expect(JSON.stringify(result)).not.toContain('canary')
  expect(result).toMatchObject({ ok: false, denial: { challenge: { scheme: 'DPoP' } } })
})

test('takes every algorithm that the route names, and its default ones', () => {
  for (const alg of ['ES384', 'ES512', 'PS384', 'PS512', 'RS384', 'RS512'] as const) {
    const text = proof({ by: signer(alg) })
    expect([alg, verdict(inspect(text, { algorithms: [alg] }))]).toEqual([alg, 'accepted'])
    expect(verdict(inspect(text))).toBe(`${REFUSED}the algorithm is none that the route takes`)
  }
  for (const alg of ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])
    expect([alg, verdict(inspect(proof({ by: signer(alg) })))]).toEqual([alg, 'accepted'])
})

test('never throws, whatever stands in the header', () => {
  const shape = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.stringMatching(/^[A-Za-z0-9._-]{0,200}$/),
    fc
      .tuple(fc.json(), fc.json(), fc.uint8Array({ maxLength: 80 }))
      .map(([a, b, c]) => `${part(a)}.${part(b)}.${part(c)}`),
    fc
      .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([a, b]) => proof({ header: a, claims: b })),
  )
  fc.assert(
    fc.property(shape, (text) => {
      const { request } = facts(undefined)
      const said = { request: { ...request, headers: { get: () => text } } as unknown as Request }
      const result = inspect(undefined, {}, said)
      if (!result.ok) expect(result.denial.code).toBe('proof_refused')
    }),
    { numRuns: 2000 },
  )
})
