import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { anonymous } from '../../../../src/anonymous.ts'
import { deny } from '../../../../src/contract.ts'
import { type DpopOptions, dpop } from '../../../../src/credentials/dpop/index.ts'
import { credential } from '../../../../src/credentials/engine.ts'
import { jwt } from '../../../../src/credentials/jwt.ts'
import { oneOf } from '../../../../src/credentials/one-of.ts'
import { auth0 } from '../../../../src/credentials/profiles/auth0.ts'
import type { TokenPrincipal } from '../../../../src/principals.ts'
import {
  authenticate,
  claimsWith,
  env,
  goodClaims,
  ISSUER,
  key,
  keysOf,
  NOW,
  route,
  type TestKeys,
  tokenOf,
  tokenWith,
  verdict,
} from './fixture.ts'
import { headerOf, makeSigner, type Signer, signToken, twinOf } from './signer.ts'

let keys: TestKeys
beforeAll(async () => {
  keys = await keysOf(key)
})

/** Refused before any key is asked for. */
async function refusedUnasked(token: string, options = {}): Promise<string> {
  const before = keys.asked
  const said = await verdict(route(keys, options), token)
  expect(keys.asked).toBe(before)
  return said
}

describe('a good token', () => {
  it('proves its subject, client, scopes and claims, and what it can be revoked by', async () => {
    const result = await authenticate(route(keys), tokenWith({ sid: 's-1', roles: ['admin'] }))
    expect(result).toEqual({
      ok: true,
      value: {
        credential: 'jwt',
        principal: {
          kind: 'token',
          id: `${ISSUER}|user-1`,
          issuer: ISSUER,
          sub: 'user-1',
          clientId: 'app-1',
          scopes: ['orders:read', 'orders:write'],
          roles: ['admin'],
          claims: claimsWith({ sid: 's-1', roles: ['admin'] }),
        },
        revocable: [`${ISSUER}|user-1`, `jti:${ISSUER}|token-1`, `iss:${ISSUER}`, `sid:${ISSUER}|s-1`],
        issuedAtMs: (NOW - 10) * 1000,
      },
    })
  })

  it.each([
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
  ] as const)('may be signed with %s', async (algorithm) => {
    const signer = makeSigner(algorithm)
    const authenticator = route(await keysOf(signer), { algorithms: [algorithm] })
    expect(await verdict(authenticator, signToken(signer, headerOf(signer), goodClaims))).toBe('accepted')
  })

  it('has claims by the schema, frozen to their leaves', async () => {
    const claims = v.object({
      tenant: v.pipe(v.string(), v.toUpperCase()),
      deep: v.object({ list: v.array(v.number()) }),
    })
    const result = await authenticate(route(keys, { claims }), tokenWith({ deep: { list: [1] } }))
    if (!result.ok) throw new Error(result.denial.reason)
    const { principal } = result.value
    expect(principal.claims).toEqual({ tenant: 'ACME', deep: { list: [1] } })
    const deep = principal.claims as { deep: { list: number[] } }
    expect(() => deep.deep.list.push(2)).toThrow(TypeError)
    expect(() => Object.assign(principal, { sub: 'root' })).toThrow(TypeError)
    expect(() => (principal.scopes as string[]).push('admin')).toThrow(TypeError)
  })

  it('whose claims do not match the schema is refused, without a word of them', async () => {
    const claims = v.looseObject({ tenant: v.literal('globex') })
    expect(await verdict(route(keys, { claims }), tokenWith())).toBe(
      "credential_refused: the token's claims do not match the schema of the route",
    )
  })

  it('without a jti, where the profile does not demand one, is named by what is signed', async () => {
    const token = tokenWith({ jti: undefined }, { typ: 'JWT' })
    const [first, second] = await Promise.all(
      [token, twinOf(token)].map((text) => authenticate(route(keys, { type: 'jwt' }), text)),
    )
    if (!first?.ok || !second?.ok) throw new Error('not accepted')
    expect(first.value.revocable?.[1]).toMatch(new RegExp(`^jti:${ISSUER}\\|[A-Za-z0-9_-]{43}$`))
    expect(second.value.revocable).toEqual(first.value.revocable)
  })

  it('and its twin (s → n − s) share one identity for limits and revocation', async () => {
    const token = tokenWith()
    expect(twinOf(token)).not.toBe(token)
    const [first, second] = await Promise.all(
      [token, twinOf(token)].map((text) => authenticate(route(keys), text)),
    )
    if (!first?.ok || !second?.ok) throw new Error('not accepted')
    expect(second.value.principal.id).toBe(first.value.principal.id)
    expect(second.value.revocable).toEqual(first.value.revocable)
  })

  it('passes with a warning while the keys are past their lifetime', async () => {
    const stale = await keysOf(key)
    stale.isStale = true
    const result = await authenticate(route(stale), tokenWith())
    expect(result.ok && result.value.warnings?.map(({ code }) => code)).toEqual(['issuer_unavailable'])
  })
})

describe('the header', () => {
  const by = 'credential_refused: '
  const algorithm = `${by}the token's algorithm is not one of the route's`

  it.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    null,
    0,
    ['ES256'],
    {},
    true,
    undefined,
    'es256',
    'ES256 ',
    'HS256',
    'RS256',
    'ES256K',
    'constructor',
    '__proto__',
  ])('with alg %j is refused', async (alg) => {
    expect(await refusedUnasked(tokenWith({}, { alg }))).toBe(algorithm)
  })

  it.each([
    ['crit', ['exp']],
    ['crit', []],
    ['b64', false],
    ['jwk', key.jwk],
    ['jku', 'https://evil.test/jwks'],
    ['x5u', 'https://169.254.169.254/'],
    ['x5c', ['MII']],
    ['zip', 'DEF'],
    ['cty', 'JWT'],
    ['enc', 'A256GCM'],
    ['epk', {}],
    ['p2c', 1e6],
    ['nonce', 'n'],
    ['iss', ISSUER],
    ['toString', 'x'],
  ])('with %s is refused', async (name, value) => {
    expect(await refusedUnasked(tokenWith({}, { [name]: value }))).toBe(
      `${by}the token's header has a member that is not taken`,
    )
  })

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])(
    'with typ %s is taken',
    async (typ) => {
      expect(await verdict(route(keys), tokenWith({}, { typ }))).toBe('accepted')
    },
  )

  it.each([
    'JWT',
    'jwt',
    undefined,
    '',
    'id_token+jwt',
    'logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'at+jwt ',
    'x/at+jwt',
    'application/application/at+jwt',
    1,
    null,
    ['at+jwt'],
  ])('with typ %j is refused', async (typ) => {
    expect(await refusedUnasked(tokenWith({}, { typ }))).toMatch(
      /^credential_refused: the token(?:'s type is not a text| is not of the type)/,
    )
  })

  it.each([7, null, {}, ['k1'], '', 'k'.repeat(257), 'k\n1', 'k\u00e9', 'k\u0000'])(
    'with kid %j is refused',
    async (kid) => {
      expect(await refusedUnasked(tokenWith({}, { kid }))).toBe(
        `${by}the token's key id is not a short printable text`,
      )
    },
  )

  it.each(['../../dev/null', "' OR 1=1", '__proto__', 'constructor', 'https://evil.test/k', 'k'.repeat(256)])(
    'with kid %s finds no key',
    async (kid) => {
      expect(await verdict(route(keys), tokenWith({}, { kid }))).toBe(
        `${by}the issuer has no key for the token`,
      )
    },
  )

  it('with hashes of a certificate is taken: they name no key that we look for', async () => {
    expect(await verdict(route(keys), tokenWith({}, { x5t: 'a', 'x5t#S256': 'b' }))).toBe('accepted')
  })
})

describe('the claims', () => {
  const code = 'credential_refused: '
  const refusals: [string, Record<string, unknown>, string][] = [
    ...[undefined, null, '1', 1.5, -1, true, [NOW], {}, 2 ** 53, -0.5].flatMap(
      (value): [string, Record<string, unknown>, string][] => [
        [`exp ${JSON.stringify(value)}`, { exp: value }, "the token's exp is not whole seconds"],
        [`iat ${JSON.stringify(value)}`, { iat: value }, "the token's iat is not whole seconds"],
        ...(value === undefined
          ? []
          : ([[`nbf ${JSON.stringify(value)}`, { nbf: value }, "the token's nbf is not whole seconds"]] as [
              string,
              Record<string, unknown>,
              string,
            ][])),
      ],
    ),
    ['exp 0', { exp: 0 }, 'the token ends before it is issued'],
    ['exp in milliseconds', { exp: (NOW + 60) * 1000 }, 'the token lives too long'],
    ['exp and iat in milliseconds', { exp: NOW * 1000 + 60, iat: NOW * 1000 }, 'the token is not valid yet'],
    ['a life of more than a day', { exp: NOW - 10 + 86_401 }, 'the token lives too long'],
    ['an end that is past the tolerance', { exp: NOW - 30, iat: NOW - 90 }, 'the token has expired'],
    ['iat past the tolerance', { iat: NOW + 31, exp: NOW + 60 }, 'the token is not valid yet'],
    ['nbf past the tolerance', { nbf: NOW + 31 }, 'the token is not valid yet'],
    ...[
      'orders-api2',
      'orders',
      'Orders-api',
      'orders-api ',
      '',
      null,
      [],
      {},
      [['orders-api']],
      ['orders-api', 1],
      ['orders-api', ''],
      7,
      Array(17).fill('orders-api'),
    ].map((aud): [string, Record<string, unknown>, string] => [
      `aud ${JSON.stringify(aud).slice(0, 40)}`,
      { aud },
      'the token is not for the audience of the route',
    ]),
    ['no aud', { aud: undefined }, 'the token has no aud'],
    ['no client_id', { client_id: undefined }, 'the token has no client_id'],
    ['no jti', { jti: undefined }, 'the token has no jti'],
    ...[
      undefined,
      null,
      '',
      7,
      true,
      ['user-1'],
      {},
      'a\nb',
      'a\r\nx: y',
      'a\u0000',
      'a\u0085',
      'a\u2028',
      'x'.repeat(256),
    ].map((sub): [string, Record<string, unknown>, string] => [
      `sub ${JSON.stringify(sub)?.slice(0, 30)}`,
      { sub },
      "the token's sub is not a short text",
    ]),
    ...[null, 7, '', 'a\n', 'x'.repeat(256), []].flatMap(
      (value): [string, Record<string, unknown>, string][] => [
        [`jti ${JSON.stringify(value)?.slice(0, 30)}`, { jti: value }, "the token's jti is not a short text"],
        [`sid ${JSON.stringify(value)?.slice(0, 30)}`, { sid: value }, "the token's sid is not a short text"],
        [
          `client_id ${JSON.stringify(value)?.slice(0, 30)}`,
          { client_id: value },
          "the token's client is not a short text",
        ],
      ],
    ),
    ...['nonce', 'at_hash', 'c_hash', 's_hash', 'events'].map(
      (name): [string, Record<string, unknown>, string] => [
        `${name}, as an id token or an event`,
        { [name]: 'x' },
        `the token has ${name}, which no access token has`,
      ],
    ),
    ...['a  b', ' a', 'a ', 'a\tb', 'a"b', 'a\\b', 'é', 7, null, {}, [7], [''], ['a\n']].map(
      (scope): [string, Record<string, unknown>, string] => [
        `scope ${JSON.stringify(scope)}`,
        { scope },
        "the token's scopes are not of their form",
      ],
    ),
    ...[7, null, {}, [7], [['admin']]].map((roles): [string, Record<string, unknown>, string] => [
      `roles ${JSON.stringify(roles)}`,
      { roles },
      "the token's roles are not of their form",
    ]),
  ]

  it.each(refusals)('with %s are refused', async (_, changes, reason) => {
    expect(await refusedUnasked(tokenWith(changes))).toBe(code + reason)
  })

  it.each([
    'https://issuer.test/',
    'https://ISSUER.test',
    'http://issuer.test',
    'https://issuer.test:443',
    'https://issuer.tes',
    'https://issuer\u2024test',
    '',
  ])('of issuer %s are none of this route', async (iss) => {
    expect(await refusedUnasked(tokenWith({ iss }))).toBe(
      `${code}the credential is of no kind that the route takes`,
    )
  })

  it.each([undefined, null, 7, [ISSUER], { iss: ISSUER }])('with iss %j are refused', async (iss) => {
    expect(await refusedUnasked(tokenWith({ iss }))).toBe(`${code}the token is not of the route's issuer`)
  })

  it.each([
    '1e400',
    '-1e400',
    '9007199254740993',
    'NaN',
    'Infinity',
    '01',
    '1.',
    `${NOW + 9}.00000000000000000001`,
  ])('with the number %s are not read', async (literal) => {
    const claims = JSON.stringify(claimsWith({ exp: 'EXP' })).replace('"EXP"', literal)
    expect(await refusedUnasked(tokenOf(headerOf(key), claims))).toMatch(
      /^credential_refused: no strict JSON in the token's claims/,
    )
  })

  it.each([
    [NOW + 290 + 29.999, 'accepted'],
    [NOW + 290 + 30, `${code}the token has expired`],
    [NOW - 40, 'accepted'],
    [NOW - 40.001, `${code}the token is not valid yet`],
  ])('at second %d: %s', async (at, said) => {
    expect(await verdict(route(keys), tokenWith(), { now: Math.round(at * 1000) })).toBe(said)
  })

  it('measure how long a token has been expired', async () => {
    const result = await authenticate(route(keys), tokenWith({ exp: NOW - 100, iat: NOW - 200 }))
    expect(!result.ok && result.denial.measure).toEqual({ limit: 30, actual: 100, unit: 'seconds' })
  })

  it('with aud as a list of at most sixteen that has this API are taken', async () => {
    expect(await verdict(route(keys), tokenWith({ aud: [...Array(15).fill('other'), 'orders-api'] }))).toBe(
      'accepted',
    )
  })
})

describe('the form', () => {
  const good = () => tokenWith()
  const [h, c, s] = tokenWith().split('.') as [string, string, string]
  const forms: [string, () => string, RegExp][] = [
    ['two parts', () => `${h}.${c}`, /not three parts/],
    ['four parts', () => `${good()}.${s}`, /not three parts/],
    ['five parts, as encrypted ones have', () => `${h}.${c}.${c}.${c}.${s}`, /not three parts/],
    ['an empty signature', () => `${h}.${c}.`, /not three parts/],
    ['an empty payload', () => `${h}..${s}`, /not three parts/],
    ['8,000 dots', () => `${h}${'.'.repeat(8000)}`, /not three parts/],
    ['more than 8 KiB', () => tokenWith({ pad: 'x'.repeat(8192) }), /too long/],
    ['a header of 2 KiB', () => tokenWith({}, { kid: 'k'.repeat(2000) }), /header is too long/],
    [
      'a signature with stray bits',
      () => good().replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
      /no canonical base64url in the token's signature/,
    ],
    [
      'a signature in the standard alphabet',
      () => `${h}.${c}.${'+/'.repeat(43)}`,
      /no canonical base64url in the token's signature/,
    ],
    [
      'a signature of 63 bytes',
      () => `${h}.${c}.${Buffer.alloc(63, 1).toString('base64url')}`,
      /not the size/,
    ],
    [
      'a signature of 65 bytes',
      () => `${h}.${c}.${Buffer.alloc(65, 1).toString('base64url')}`,
      /not the size/,
    ],
    ['a signature in DER', () => `${h}.${c}.${Buffer.alloc(71, 48).toString('base64url')}`, /not the size/],
    ['a payload with stray bits', () => `${h}.eyJ9.${s}`, /in the token's claims/],
    ['a payload of one letter', () => `${h}.e.${s}`, /no canonical base64url in the token's claims/],
    ['a byte order mark', () => tokenOf(headerOf(key), `\ufeff${JSON.stringify(goodClaims)}`), /syntax/],
    ['claims that are a list', () => tokenOf(headerOf(key), '[1]'), /no object in the token's/],
    ['claims that are null', () => tokenOf(headerOf(key), 'null'), /no object in the token's/],
    [
      'claims of broken UTF-8',
      () =>
        tokenOf(
          headerOf(key),
          Buffer.concat([Buffer.from('{"iss":"'), Buffer.from([0xff]), Buffer.from('"}')]),
        ),
      /encoding/,
    ],
    [
      'a lone surrogate',
      () => tokenOf(headerOf(key), JSON.stringify(goodClaims).replace('acme', '\\ud800')),
      /surrogate/,
    ],
    [
      'sub twice',
      () => tokenOf(headerOf(key), JSON.stringify(goodClaims).replace('{', '{"sub":"root",')),
      /duplicate-key/,
    ],
    [
      'sub twice, once in escapes',
      () => tokenOf(headerOf(key), JSON.stringify(goodClaims).replace('{', '{"\\u0073ub":"root",')),
      /duplicate-key/,
    ],
    [
      'alg twice',
      () => tokenOf(JSON.stringify(headerOf(key)).replace('{', '{"alg":"none",'), goodClaims),
      /duplicate-key/,
    ],
    [
      '__proto__',
      () => tokenOf(headerOf(key), JSON.stringify(goodClaims).replace('{', '{"__proto__":{"admin":true},')),
      /prototype-key/,
    ],
    [
      'nesting of nine levels',
      () =>
        tokenOf(
          headerOf(key),
          JSON.stringify(claimsWith({ deep: JSON.parse(`${'['.repeat(8)}${']'.repeat(8)}`) })),
        ),
      /depth/,
    ],
    [
      'nesting of 2,500 levels',
      () => tokenOf(headerOf(key), `${'['.repeat(2500)}${']'.repeat(2500)}`),
      /no strict JSON in the token's claims: depth/,
    ],
    ['501 members', () => tokenWith({ list: Array(501).fill(0) }), /nodes/],
  ]

  it.each(forms)('of a token with %s is refused', async (_, make, reason) => {
    const said = await refusedUnasked(make())
    expect(said).toMatch(/^credential_refused/)
    expect(said).toMatch(reason)
  })

  it.each(['', 'eyJ', 'junk', 'e30.e30.e30', 'a.b.c', '....', `${s}.${c}.${h}`])(
    '%s is no token',
    async (text) => {
      expect(await refusedUnasked(text)).toMatch(/^credential_refused/)
    },
  )

  it('may have up to maxTokenBytes', async () => {
    expect(await verdict(route(keys, { maxTokenBytes: 16_384 }), tokenWith({ pad: 'x'.repeat(9000) }))).toBe(
      'accepted',
    )
  })
})

describe('signatures', () => {
  const wrong: [string, (good: string) => string][] = [
    [
      'of another key under the same kid',
      () => signToken(makeSigner('ES256', 'k1'), headerOf(key), goodClaims),
    ],
    ...(
      [
        ['r = s = 0', 0n, 0n],
        ['r = 0', 0n, 1n],
        ['s = 0', 1n, 0n],
        ['r = s = 1', 1n, 1n],
        ['r = n', 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n, 1n],
        ['s = n', 1n, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
        [
          'r = s = n − 1',
          0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550n,
          0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550n,
        ],
        ['r = s = 2^256 − 1', 2n ** 256n - 1n, 2n ** 256n - 1n],
      ] as const
    ).map(([name, r, s]): [string, (good: string) => string] => [
      name,
      (good) => {
        const hex = [r, s].map((value) => value.toString(16).padStart(64, '0')).join('')
        return good.replace(/[^.]*$/, Buffer.from(hex, 'hex').toString('base64url'))
      },
    ]),
    [
      'over other claims',
      (good) => `${good.split('.')[0]}.${tokenWith({ sub: 'root' }).split('.')[1]}.${good.split('.')[2]}`,
    ],
  ]
  it.each(wrong)('%s are refused', async (_, forge) => {
    expect(await verdict(route(keys), forge(tokenWith()))).toBe(
      "credential_refused: the token's signature does not match",
    )
  })

  it.each([
    ['ES256', 'ES384'],
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['EdDSA', 'ES256'],
  ] as const)('of %s are refused with a key of %s', async (claimed, real) => {
    const signer = makeSigner(real, 'k1')
    const other: Signer = { ...makeSigner(claimed, 'k1') }
    const source = await keysOf(signer)
    // A key source that does not look at the algorithm: the key itself must not fit.
    source.find = () => ({ found: 'keys', keys: source.keys, isStale: false })
    const authenticator = route(source, { algorithms: [claimed, real] })
    expect(await verdict(authenticator, signToken(other, headerOf(other), goodClaims))).toBe(
      "credential_refused: the token's signature does not match",
    )
  })
})

it('tokens that are bound to a certificate are taken, and the authenticator says so', () => {
  expect(route(keys).certificateBound).toBe(true)
  expect(oneOf(route(keys)).certificateBound).toBe(true)
})

describe('without keys', () => {
  it('nobody is refused or let in: 503 with a time', async () => {
    const none = await keysOf(key)
    none.unavailable = true
    const result = await authenticate(route(none), tokenWith())
    expect(result).toMatchObject({ ok: false, denial: { code: 'issuer_unavailable', retryAfterSeconds: 7 } })
  })

  it.each([
    [{}, 'jwt: the var ISSUER is not set'],
    [{ ISSUER: 'issuer' }, 'jwt: the var ISSUER is not a URL'],
    [{ ISSUER: 'http://issuer.test' }, 'jwt: the var ISSUER is not https'],
    [{ ISSUER: 'https://issuer.test/?a' }, 'jwt: the var ISSUER has a query or a fragment'],
    [{ ISSUER: 'https://a|b.test' }, 'jwt: the var ISSUER is not the URL of an issuer'],
  ])('and with vars %j the route is not configured', async (bindings, reason) => {
    expect(await verdict(route(keys), tokenWith(), { bindings })).toBe(`not_configured: ${reason}`)
  })
})

describe('several kinds of credential on one route', () => {
  const other = makeSigner('ES256', 'k1')
  const opaque = credential<TokenPrincipal>([
    {
      name: 'opaque',
      kind: 'token',
      secrets: [],
      places: [{ in: 'authorization', scheme: 'bearer' }],
      challenges: [],
      takes: () => true,
      inspect: () => deny('credential_refused', 'opaque'),
    },
  ])

  async function two() {
    const second = await keysOf(other)
    const jwts = [
      route(keys),
      jwt({ issuer: 'OTHER' as never, audience: 'b', algorithms: ['ES256'], keys: second }),
    ] as const
    return { second, both: oneOf(...jwts, opaque), bindings: { ...env, OTHER: 'https://other.test' } }
  }

  it('go by the issuer that a token names, and each is verified with its own keys', async () => {
    const { both, second, bindings } = await two()
    expect(await verdict(both, tokenWith({ jti: 'of-two' }), { bindings })).toBe('accepted')
    expect(second.asked).toBe(0)
    const claims = claimsWith({ iss: 'https://other.test', aud: 'b' })
    expect(await verdict(both, signToken(other, headerOf(other), claims), { bindings })).toBe('accepted')
    expect(await verdict(both, signToken(key, headerOf(key), claims), { bindings })).toMatch(/signature/)
  })

  it('leave what is no JWT to others, and what is a broken one to nobody', async () => {
    const { both, bindings } = await two()
    for (const text of [
      'opaque',
      'a.b.c',
      'e3b0.c442.98fc',
      'eyes',
      tokenWith({ iss: 'https://third.test' }),
    ]) {
      expect(await verdict(both, text, { bindings })).toBe('credential_refused: opaque')
    }
    for (const text of ['eyJ.a.b', `${tokenWith()}x`, tokenWith({ iss: 7 }), tokenWith().slice(0, -9)]) {
      expect(await verdict(both, text, { bindings })).not.toMatch(/opaque/)
    }
  })

  describe('that lack something', () => {
    const OTHER = 'https://other.test'
    const ofOther = async (options: object = {}) =>
      jwt({
        issuer: 'OTHER' as never,
        audience: 'b',
        algorithms: ['ES256'],
        keys: await keysOf(other),
        ...options,
      })
    const otherToken = (more: object = {}) =>
      signToken(other, headerOf(other), claimsWith({ iss: OTHER, aud: 'b', ...more }))
    const unset = 'not_configured: jwt: the var OTHER is not set'

    it('a var of one leaves the tokens of another alone, in either order', async () => {
      for (const both of [oneOf(await ofOther(), route(keys)), oneOf(route(keys), await ofOther())]) {
        expect(await verdict(both, tokenWith(), { bindings: env })).toBe('accepted')
        expect(await verdict(both, otherToken(), { bindings: env })).toBe(unset)
        expect(await verdict(both, `${tokenWith()}x`, { bindings: env })).toMatch(/^credential_refused/)
        expect(await verdict(both, 'junk', { bindings: env })).toMatch(/^credential_refused/)
      }
    })

    it('and which are alone, are not configured', async () => {
      expect(await verdict(await ofOther(), otherToken(), { bindings: env })).toBe(unset)
    })

    it('and give a JWT to no kind that takes what is none', async () => {
      const takesNone = credential<TokenPrincipal>([
        {
          ...(opaque.schemes[0] as (typeof opaque.schemes)[0]),
          takes: ({ text }) => text.split('.').length !== 3,
        },
      ])
      const both = oneOf(await ofOther(), takesNone)
      expect(await verdict(both, otherToken(), { bindings: env })).toBe(unset)
      expect(await verdict(both, 'opaque', { bindings: env })).toBe('credential_refused: opaque')
    })

    it('room, measure their own tokens alone', async () => {
      const bindings = { ...env, OTHER }
      const small = await ofOther({ maxTokenBytes: 512 })
      for (const both of [oneOf(small, route(keys)), oneOf(route(keys), small)]) {
        expect(await verdict(both, tokenWith({ pad: 'x'.repeat(600) }), { bindings })).toBe('accepted')
        expect(await verdict(both, otherToken(), { bindings })).toBe('accepted')
        expect(await verdict(both, otherToken({ pad: 'x'.repeat(600) }), { bindings })).toBe(
          'credential_refused: the token is too long',
        )
      }
    })
  })

  it('are refused at load where two are of one issuer: the second would see no token', () => {
    const bound = (options: DpopOptions) => jwt({ ...goodOptions, dpop: dpop(options) })
    const goodOptions = { issuer: 'ISSUER', audience: 'a', algorithms: ['ES256'] } as const
    const message =
      "oneOf: jwt: two are of ISSUER, and the first decides alone; write one: audience: ['a', 'b']"
    const pairs = [
      [jwt(goodOptions), jwt({ ...goodOptions, audience: 'b' })],
      [jwt(goodOptions), bound({})],
      [bound({}), bound({ required: true })],
    ] as const
    for (const [first, second] of pairs) {
      expect(() => oneOf(first, second)).toThrow(TypeError)
      expect(() => oneOf(first, opaque, second)).toThrow(message)
      expect(() => oneOf(oneOf(first, opaque), second)).toThrow(message)
    }
    // Where they stand in different places, neither hides the other.
    expect(oneOf(jwt(goodOptions), bound({ required: true })).schemes).toHaveLength(2)
    expect(oneOf(jwt(goodOptions), jwt({ ...goodOptions, issuer: 'OTHER' as never })).schemes).toHaveLength(2)
  })
})

describe('options', () => {
  const good = { issuer: 'ISSUER', audience: 'api', algorithms: ['ES256'] }
  it.each([
    [{ issuer: undefined }, "jwt: issuer: is missing; name the var with the issuer's URL: 'ISSUER'"],
    [{ audience: undefined }, /audience: is missing/],
    [{ audience: [] }, /audience/],
    [{ audience: '' }, /audience: '' is not a text/],
    [{ audience: [7] }, /audience: 7 is not a text/],
    [{ algorithms: undefined }, /algorithms: is missing/],
    [{ algorithms: [] }, /algorithms/],
    [{ algorithms: ['none'] }, /algorithms: 'none' is not taken/],
    [{ algorithms: ['ES256', 'HS256'] }, /algorithms: 'HS256' is not taken; use signatures with a key pair/],
    [{ algorithms: ['constructor'] }, /algorithms/],
    [{ algorithms: 'ES256' }, /algorithms/],
    [{ tolerance: '6 m' }, /tolerance: lets tokens live on/],
    [{ tolerance: 30 }, /tolerance: 30 is not a duration/],
    [{ maxLifetime: '1 y' }, /maxLifetime/],
    [{ maxTokenBytes: 20_000 }, /maxTokenBytes: is 20000/],
    [{ claims: {} }, /claims: is an object; use a valibot schema/],
    [{ profile: 'auth0' }, /profile: is 'auth0'/],
    [{ profile: {} }, /profile.types: is missing; spread a profile/],
    [{ profile: { ...auth0, refused: 'nonce' } }, /profile.refused: is 'nonce'/],
    [{ type: 'JWT' }, /type: 'JWT' is not known/],
    [{ keys: 'JWKS' }, /keys: is 'JWKS'/],
    [{ keys: { jwks: 7 } }, /keys.jwks: is 7/],
    [{ keys: { url: 'JWKS' } }, /keys.url: is not an option/],
    [{ keys: { set: { keys: [] } } }, /keys: .*set: has no key for ES256/],
    [{ keys: { pem: 'PRIVATE' } }, /keys: .*pem/],

    [{ aud: 'api' }, /aud: is not an option/],
    [{ dpop: { ...dpop() } }, 'jwt: dpop: is an object; write dpop({ … }) of sallyport/credentials'],
    [{ dpop: anonymous() }, 'jwt: dpop: is an object; write dpop({ … })'],
    [{ dpop }, 'jwt: dpop: is a function; write dpop({ … })'],
    [{ dpop: null }, 'jwt: dpop: is null; write dpop({ … })'],
    [{ dpop: { nonce: true } }, 'jwt: dpop: is an object; write dpop({ … }) of sallyport/credentials'],
  ])('%j are refused at load', (changes, message) => {
    expect(() => jwt({ ...good, ...changes } as never)).toThrow(TypeError)
    expect(() => jwt({ ...good, ...changes } as never)).toThrow(message)
  })

  it('say that they were not given at all', () => {
    expect(() => jwt(undefined as never)).toThrow(/jwt: options/)
  })
})
