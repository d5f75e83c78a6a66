import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Signer, signText, twinOf } from '../unit/credentials/jwt/signer.ts'
import { problem } from './harness/gateway.ts'
import { encodePart, headerOf, makeSigner, type Rig, signToken, startRig, unfit } from './tokens/attack.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
  // The key sets are known from here on: whatever is fetched later, an attack has caused.
  expect((await rig.get(rig.token())).status).toBe(200)
  const ofOther = signToken(rig.otherKey, headerOf(rig.otherKey), rig.claims({ iss: rig.other.url }))
  expect((await rig.get(ofOther, '/other')).status).toBe(200)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.gateway.origin.clear()
  rig.issuer.hits.length = 0
  rig.other.hits.length = 0
})

const fetched = () => rig.issuer.hits.length + rig.other.hits.length

/** Refused, and before any question to the issuer. */
async function refusedUnasked(token: string, path?: string): Promise<string> {
  const reason = await rig.refused(token, path)
  expect(fetched()).toBe(0)
  return reason
}

describe('a good token', () => {
  it('reaches the origin, which is told the subject by the gateway alone', async () => {
    const answer = await rig.get(rig.token(), '/orders', [
      ['x-subject', 'root'],
      ['X_Subject', 'root'],
      ['x-issuer', 'evil'],
    ])
    expect(answer.status).toBe(200)
    const [received] = rig.gateway.origin.requests
    expect(received?.values('x-subject')).toEqual(['subject-canary-17'])
    expect(received?.values('x-issuer')).toEqual([rig.issuer.url])
    expect(received?.values('x_subject')).toEqual([])
    expect(fetched()).toBe(0)
  })

  it.each(['rsa', 'p384', 'ed'] as const)('of the key %s passes', async (name) => {
    const signer = rig[name]
    expect((await rig.get(signToken(signer, headerOf(signer), rig.claims()))).status).toBe(200)
  })

  it('without the scope of the route is 403, and the record has its kind', async () => {
    const answer = await rig.get(rig.token({ scope: 'orders:list' }))
    expect(answer.status).toBe(403)
  })
})

describe('alg none', () => {
  const values = ['none', 'None', 'NONE', 'nOnE', '', null, 0, ['none'], ['ES256'], {}, true, undefined]
  it.each(values.flatMap((alg) => ['', 'AA', 'kept'].map((signature) => [alg, signature] as const)))(
    '%j with the signature %j is refused',
    async (alg, signature) => {
      const token = rig.token({}, { alg })
      const unsigned = token.slice(0, token.lastIndexOf('.') + 1)
      await refusedUnasked(signature === 'kept' ? token : unsigned + signature)
    },
  )
})

describe('a public key as the secret of an HMAC', () => {
  const secrets: [string, (key: Signer) => Buffer][] = [
    ['SPKI as PEM', ({ publicKey }) => Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))],
    [
      'SPKI as PEM without the last line feed',
      ({ publicKey }) => Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }).toString().trim()),
    ],
    ['PKCS #1 as PEM', ({ publicKey }) => Buffer.from(publicKey.export({ type: 'pkcs1', format: 'pem' }))],
    [
      'PKCS #1 as PEM without the last line feed',
      ({ publicKey }) => Buffer.from(publicKey.export({ type: 'pkcs1', format: 'pem' }).toString().trim()),
    ],
    ['DER', ({ publicKey }) => publicKey.export({ type: 'spki', format: 'der' })],
    ['the JWK', ({ jwk }) => Buffer.from(JSON.stringify(jwk))],
    ['the modulus', ({ jwk }) => Buffer.from(String(jwk.n), 'base64url')],
    ['nothing', () => Buffer.alloc(0)],
  ]
  it.each(
    secrets.flatMap(([name, secret]) =>
      ['HS256', 'HS384', 'HS512'].map((alg) => [alg, name, secret] as const),
    ),
  )('%s with %s is refused', async (alg, _, secret) => {
    const text = `${encodePart({ alg, kid: 'rsa', typ: 'at+jwt' })}.${encodePart(rig.claims())}`
    const mac = createHmac(`sha${alg.slice(2)}`, secret(rig.rsa))
      .update(text)
      .digest('base64url')
    await refusedUnasked(`${text}.${mac}`)
  })
})

describe('a key id', () => {
  const kids = [
    '../../dev/null',
    "' OR 1=1 --",
    'k1\u0000',
    '__proto__',
    'constructor',
    'toString',
    'k'.repeat(10_240),
    7,
    {},
    ['k1'],
    null,
    '',
    'https://evil.test/key',
  ]
  it.each(kids.map((kid) => [JSON.stringify(kid).slice(0, 30), kid] as const))(
    '%s is refused',
    async (_, kid) => {
      const answer = await rig.get(rig.token({}, { kid }))
      expect([401, 431]).toContain(answer.status)
      expect(rig.gateway.origin.requests).toEqual([])
      const record = JSON.stringify(await rig.gateway.recordOf(answer))
      if (typeof kid === 'string' && kid.length > 3) expect(record).not.toContain(kid.slice(0, 20))
    },
  )
})

describe('a key that the token brings along', () => {
  it.each(['jku', 'x5u'])('%s is refused and never fetched', async (name) => {
    for (const url of [`${rig.issuer.url}/jwks.json`, `${rig.other.url}/x`, 'http://169.254.169.254/']) {
      await refusedUnasked(rig.token({}, { [name]: url }))
    }
  })
  it.each(['jwk', 'x5c'])('%s is refused, however well it is signed', async (name) => {
    const evil = makeSigner('ES256', 'evil')
    const member =
      name === 'jwk' ? evil.jwk : [evil.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')]
    await refusedUnasked(signToken(evil, headerOf(evil, { [name]: member }), rig.claims()))
  })
})

describe('crit and b64', () => {
  it.each([
    { crit: ['exp'] },
    { crit: [] },
    { crit: 'exp' },
    { crit: null },
    { crit: ['b64'], b64: true },
    { crit: ['b64'], b64: false },
    { crit: ['exp', 'exp'], exp: 1 },
    { crit: ['unknown'], unknown: 1 },
    { b64: false },
  ])('%j are refused', async (header) => {
    await refusedUnasked(rig.token({}, header))
  })

  it('an unencoded payload is refused', async () => {
    const header = encodePart({ ...headerOf(rig.key), b64: false, crit: ['b64'] })
    const text = `${header}.${JSON.stringify(rig.claims())}`
    const answer = await rig.get(`${text}.${signText(rig.key, text).toString('base64url')}`)
    expect([400, 401]).toContain(answer.status)
    expect(rig.gateway.origin.requests).toEqual([])
  })
})

describe('signatures that no key has made', () => {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const values: [string, bigint][] = [
    ['0', 0n],
    ['1', 1n],
    ['n − 1', n - 1n],
    ['n', n],
    ['n + 1', n + 1n],
  ]
  const pairs = values.flatMap(([r, rValue]) => values.map(([s, sValue]) => [r, s, rValue, sValue] as const))
  it.each(pairs)('r = %s, s = %s are refused', async (_r, _s, r, s) => {
    const bytes = Buffer.from([r, s].map((value) => value.toString(16).padStart(64, '0')).join(''), 'hex')
    await refusedUnasked(rig.token().replace(/[^.]+$/, bytes.toString('base64url')))
  })

  it.each([1, 63, 65, 72, 96, 128])('of %d bytes are refused', async (length) => {
    await refusedUnasked(rig.token().replace(/[^.]+$/, randomBytes(length).toString('base64url')))
  })

  it('in DER are refused', async () => {
    const token = rig.token()
    const [r, s] = [0, 32].map((at) =>
      Buffer.from(token.split('.')[2] ?? '', 'base64url').subarray(at, at + 32),
    )
    const integers = [r, s].map((bytes = Buffer.alloc(0)) => {
      const signed = (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes
      return Buffer.concat([Buffer.from([2, signed.length]), signed])
    })
    const body = Buffer.concat(integers)
    const der = Buffer.concat([Buffer.from([48, body.length]), body])
    await refusedUnasked(token.replace(/[^.]+$/, der.toString('base64url')))
  })
})

describe('an algorithm and a key that do not belong together', () => {
  const pairs: [string, () => string][] = [
    [
      'ES256 with the kid of a P-384 key',
      () => signToken(rig.key, headerOf(rig.key, { kid: 'p384' }), rig.claims()),
    ],
    [
      'ES384 with the kid of a P-256 key',
      () => signToken(rig.p384, headerOf(rig.p384, { kid: 'k1' }), rig.claims()),
    ],
    [
      'EdDSA with the kid of an RSA key',
      () => signToken(rig.ed, headerOf(rig.ed, { kid: 'rsa' }), rig.claims()),
    ],
    [
      'RS256 with the kid of an EC key',
      () => signToken(rig.rsa, headerOf(rig.rsa, { kid: 'k1' }), rig.claims()),
    ],
    [
      'PS256 with an RS256 key',
      () =>
        signToken(
          { ...rig.rsa, algorithm: 'PS256' },
          headerOf({ ...rig.rsa, algorithm: 'PS256' }),
          rig.claims(),
        ),
    ],
    [
      'ES256K',
      () => signToken(makeSigner('ES256K', 'k1'), headerOf(makeSigner('ES256K', 'k1')), rig.claims()),
    ],
    [
      'EdDSA with Ed448',
      () => signToken(makeSigner('Ed448', 'ed'), headerOf(makeSigner('EdDSA', 'ed')), rig.claims()),
    ],
  ]
  it.each(pairs)('%s are refused', async (_, make) => {
    await rig.refused(make())
  })

  it.each(Object.entries(unfit))(
    'a key that is published but unfit (%s) verifies nothing',
    async (_, signer) => {
      await rig.refused(signToken(signer, headerOf(signer), rig.claims()))
    },
  )

  it('an RSA key with the exponent 1 lets nobody write signatures by hand', async () => {
    const { modulus = Buffer.alloc(256) } = {
      modulus: Buffer.from(String(unfit.exponent.jwk.n), 'base64url'),
    }
    const text = `${encodePart(headerOf(unfit.exponent))}.${encodePart(rig.claims())}`
    // With e = 1 the padded digest is its own signature.
    const digest = Buffer.from((await crypto.subtle.digest('SHA-256', Buffer.from(text))) as ArrayBuffer)
    const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest])
    const padding = Buffer.alloc(modulus.length - info.length - 3, 0xff)
    const em = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), info])
    await rig.refused(`${text}.${em.toString('base64url')}`)
  })
})

describe('a member that is there twice', () => {
  const doubled: [string, (token: Rig) => string][] = [
    [
      'alg',
      ({ key, raw, claims }) => raw(JSON.stringify(headerOf(key)).replace('{', '{"alg":"none",'), claims()),
    ],
    [
      'kid',
      ({ key, raw, claims }) => raw(JSON.stringify(headerOf(key)).replace('}', ',"kid":"x"}'), claims()),
    ],
    ...['sub', 'exp', 'aud', 'scope'].map((name): [string, (token: Rig) => string] => [
      name,
      ({ key, raw, claims }) =>
        raw(headerOf(key), JSON.stringify(claims()).replace('{', `{"${name}":"root",`)),
    ]),
    [
      'sub in escapes',
      ({ key, raw, claims }) =>
        raw(headerOf(key), JSON.stringify(claims()).replace('{', '{"\\u0073ub":"root",')),
    ],
  ]
  it.each(doubled)('%s is refused: no parser has to choose', async (_, make) => {
    await refusedUnasked(make(rig))
  })

  it('and a sub in escapes alone is forwarded as it was verified', async () => {
    const claims = JSON.stringify(rig.claims()).replace('"sub"', '"\\u0073ub"')
    expect((await rig.get(rig.raw(headerOf(rig.key), claims))).status).toBe(200)
    expect(rig.gateway.origin.requests[0]?.values('x-subject')).toEqual(['subject-canary-17'])
  })
})

describe('size and shape', () => {
  it.each([
    ['8 KiB and a byte', 8193],
    ['16 KiB and a byte', 16_385],
    ['60 KB', 61_440],
    ['1 MiB', 1_048_576],
  ])('of %s is refused', async (_, bytes) => {
    const answer = await rig.get(`eyJ${'a'.repeat(bytes - 3)}`)
    expect([401, 431]).toContain(answer.status)
    expect(rig.gateway.origin.requests).toEqual([])
    expect(fetched()).toBe(0)
  })

  it.each([
    ['one part', (token: string) => token.replaceAll('.', '')],
    ['two parts', (token: string) => token.replace(/\.[^.]+$/, '')],
    ['four parts', (token: string) => `${token}.AA`],
    ['five parts', (token: string) => `${token}.AA.AA`],
    ['an empty header', (token: string) => token.replace(/^[^.]+/, '')],
    ['empty claims', (token: string) => token.replace(/\.[^.]+\./, '..')],
    ['an empty signature', (token: string) => token.replace(/[^.]+$/, '')],
    ['dots alone', () => '.'.repeat(8000)],
    ['a million dots', () => '.'.repeat(1_000_000)],
  ])('of %s is refused', async (_, change) => {
    const answer = await rig.get(change(rig.token()))
    expect([401, 431]).toContain(answer.status)
    expect(rig.gateway.origin.requests).toEqual([])
    expect(fetched()).toBe(0)
  })

  it.each([
    ['header', () => `${encodePart('['.repeat(1400))}.e30.AA`],
    ['claims', () => rig.raw(headerOf(rig.key), `{"a":${'['.repeat(2900)}${']'.repeat(2900)}}`)],
    ['claims, open', () => rig.raw(headerOf(rig.key), '['.repeat(5500))],
    ['claims as objects', () => rig.raw(headerOf(rig.key), `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`)],
  ])('with thousands of levels in the %s is refused, not 500', async (_, make) => {
    await refusedUnasked(make())
  })

  it.each([
    ['nested (cty JWT)', () => rig.token({}, { cty: 'JWT' })],
    ['a JWT as its claims', () => rig.raw(headerOf(rig.key, { cty: 'JWT' }), rig.token())],
    [
      'encrypted',
      () =>
        `${encodePart({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.${[256, 12, 64, 16].map((bytes) => randomBytes(bytes).toString('base64url')).join('.')}`,
    ],
    ['compressed', () => rig.token({}, { zip: 'DEF' })],
  ])('%s is refused', async (_, make) => {
    await refusedUnasked(make())
  })

  it('as JSON serialization is refused', async () => {
    const [header, payload, signature] = rig.token().split('.')
    for (const json of [
      JSON.stringify({ payload, protected: header, signature }),
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    ]) {
      const answer = await rig.get(json)
      expect([400, 401]).toContain(answer.status)
      expect(rig.gateway.origin.requests).toEqual([])
    }
  })
})

describe('the clock', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const values = [undefined, null, '1', 1.5, -1, 0, 2 ** 53, true, [1], {}, '9999999999']
  it.each(['exp', 'iat'].flatMap((name) => values.map((value) => [name, value] as const)))(
    '%s %j is refused',
    async (name, value) => {
      await refusedUnasked(rig.token({ [name]: value }))
    },
  )
  it.each([null, '1', 1.5, -1, 2 ** 53, true, [1], {}])('nbf %j is refused', async (nbf) => {
    await refusedUnasked(rig.token({ nbf }))
  })
  it.each(['1e400', '-1e400', 'NaN', 'Infinity', '9007199254740993'])(
    'exp %s is refused',
    async (literal) => {
      const claims = JSON.stringify(rig.claims({ exp: 'EXP' })).replace('"EXP"', literal)
      await refusedUnasked(rig.raw(headerOf(rig.key), claims))
    },
  )
  it('milliseconds are refused', async () => {
    await refusedUnasked(rig.token({ exp: Date.now() + 60_000 }))
    await refusedUnasked(rig.token({ exp: Date.now() + 60_000, iat: Date.now() }))
  })
  it('a life of more than a day is refused', async () => {
    await refusedUnasked(rig.token({ exp: now() + 2 * 86_400 }))
  })
  // Seconds apart from the edge, which the clock of the unit tests holds exactly: here the machine may stall.
  it.each([
    [{ exp: -60 }, 401],
    [{ exp: -31 }, 401],
    [{ exp: 20 }, 200],
    [{ iat: 300 }, 401],
    [{ iat: 5 }, 200],
    [{ nbf: 300 }, 401],
    [{ nbf: 5 }, 200],
  ])('%j seconds from now: %d', async (offsets, status) => {
    const at = Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, now() + offset]))
    const answer = await rig.get(rig.token({ iat: now() - 120, ...at }))
    expect(answer.status).toBe(status)
  })
})

describe('the audience', () => {
  const values = [
    'orders-api2',
    'orders-ap',
    'Orders-api',
    ' orders-api',
    ['other'],
    [['orders-api']],
    {},
    [],
    '',
    null,
    undefined,
    7,
    { 'orders-api': true },
    Array(1000).fill('a'),
    Array(20).fill('orders-api'),
  ]
  it.each(values.map((aud) => [JSON.stringify(aud)?.slice(0, 30), aud] as const))(
    '%s is refused',
    async (_, aud) => {
      await refusedUnasked(rig.token({ aud }))
    },
  )
  it('as a list that has ours passes', async () => {
    expect((await rig.get(rig.token({ aud: ['other', 'orders-api'] }))).status).toBe(200)
  })
})

describe('the issuer', () => {
  it('is compared character by character', async () => {
    const { url } = rig.issuer
    const near = [
      `${url}/`,
      url.replace('http:', 'HTTP:'),
      url.replace('http:', 'https:'),
      `${url}#`,
      ` ${url}`,
    ]
    for (const iss of [
      ...near,
      url.replace('127.0.0.1', 'localhost'),
      [url],
      { iss: url },
      null,
      undefined,
      '',
      7,
    ]) {
      await refusedUnasked(rig.token({ iss }))
    }
  })

  it('of a token that another issuer signed, with the same kid, is not believed', async () => {
    const forged = signToken(rig.otherKey, headerOf(rig.otherKey), rig.claims({ iss: rig.issuer.url }))
    for (const path of ['/orders', '/either', '/other']) await rig.refused(forged, path)
    const reversed = signToken(rig.key, headerOf(rig.key), rig.claims({ iss: rig.other.url }))
    for (const path of ['/orders', '/either', '/other']) await rig.refused(reversed, path)
  })

  it('may be one of several, each with its own keys', async () => {
    const ofOther = signToken(rig.otherKey, headerOf(rig.otherKey), rig.claims({ iss: rig.other.url }))
    expect((await rig.get(rig.token(), '/either')).status).toBe(200)
    expect((await rig.get(ofOther, '/either')).status).toBe(200)
    expect(rig.gateway.origin.requests.map((request) => request.values('x-issuer'))).toEqual([
      [rig.issuer.url],
      [rig.other.url],
    ])
    await refusedUnasked(ofOther)
  })
})

describe('tokens that are made for something else', () => {
  const types = [
    'JWT',
    'logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'id_token+jwt',
    'client-authentication+jwt',
    undefined,
  ]
  it.each(types)('of type %s are refused where access tokens are typed', async (typ) => {
    await refusedUnasked(rig.token({}, { typ }))
  })
  it.each(types.slice(1, -1))('of type %s are refused where they are not', async (typ) => {
    await refusedUnasked(rig.token({}, { typ }), '/plain')
  })
  it.each(['JWT', undefined])('an access token of type %s passes there', async (typ) => {
    expect((await rig.get(rig.token({}, { typ }), '/plain')).status).toBe(200)
  })
  it.each([
    ['an id token', { nonce: 'n', aud: 'orders-api' }],
    ['an id token with at_hash', { at_hash: 'h' }],
    ['an id token with c_hash', { c_hash: 'h' }],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['an id token for another client', { aud: 'app-1' }],
    ['a client assertion', { iss: 'app-1', sub: 'app-1' }],
  ])('%s is refused where types are not told', async (_, claims) => {
    await refusedUnasked(rig.token(claims, { typ: 'JWT' }), '/plain')
  })
  it('a token that is bound to a key is refused as a bearer token', async () => {
    await refusedUnasked(rig.token({ cnf: { jkt: 'A'.repeat(43) } }))
  })
  it.each([{}, [], 'x', { jwk: {} }, { kid: 'k' }, { jkt: 7 }, { 'x5t#S256': 'A'.repeat(43) }])(
    'a token that is bound by %j is refused',
    async (cnf) => {
      await refusedUnasked(rig.token({ cnf }))
    },
  )
})

describe('one token in many texts', () => {
  it.each([
    ['padding', (token: string) => `${token}==`],
    [
      'stray bits in the signature',
      (token: string) => token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1),
    ],
    ['the standard alphabet', (token: string) => token.replaceAll('-', '+').replaceAll('_', '/')],
    ['a space inside', (token: string) => token.replace(/(.{20})$/, ' $1')],
    ['a tab inside', (token: string) => token.replace(/(.{20})$/, '\t$1')],
    ['percent encoding', (token: string) => token.replaceAll('.', '%2E')],
    ['quotes', (token: string) => `"${token}"`],
  ])('%s is refused', async (_, change) => {
    // A signature that the change has no hold on would be the token itself.
    let token = rig.token()
    while (change(token) === token) token = rig.token()
    const answer = await rig.get(change(token))
    expect([400, 401]).toContain(answer.status)
    expect(rig.gateway.origin.requests).toEqual([])
    expect(fetched()).toBe(0)
  })

  it('a token and its twin (s → n − s) are counted as one principal', async () => {
    const token = rig.token({ sub: 'twin' })
    const statuses = []
    for (const text of [token, twinOf(token), token, twinOf(token)]) {
      statuses.push((await rig.get(text, '/scarce')).status)
    }
    expect(statuses).toEqual([200, 200, 429, 429])
  })

  it('and are revoked as one', async () => {
    const token = rig.token({ jti: 'to-be-revoked' })
    expect((await rig.get(token)).status).toBe(200)
    expect((await rig.get(twinOf(token))).status).toBe(200)
    await rig.gateway.door('/revoke', { revoke: `jti:${rig.issuer.url}|to-be-revoked` })
    await expect.poll(async () => (await rig.get(token)).status, { timeout: 5000 }).toBe(401)
    const answer = await rig.get(twinOf(token))
    expect([answer.status, problem(answer).code]).toEqual([401, 'principal_revoked'])
  })
})

describe('a token that this isolate has verified before', () => {
  it('is checked anew on routes with another audience, scope, schema, issuer or binding', async () => {
    const token = rig.token({ tenant: 'globex' })
    expect((await rig.get(token)).status).toBe(200)
    expect((await rig.get(token)).status).toBe(200)
    for (const path of ['/billing', '/plain', '/other', '/tenant']) await rig.refused(token, path)
    expect((await rig.get(token, '/writes')).status).toBe(403)
    const answer = await rig.get(token, '/bound')
    expect(answer.status).toBe(401)
    expect(rig.gateway.origin.requests.length).toBe(2)
  })

  it('is not taken for another one that begins or ends alike', async () => {
    const token = rig.token()
    expect((await rig.get(token)).status).toBe(200)
    const other = rig.token({ sub: 'someone-else' })
    await rig.refused(`${other.slice(0, other.lastIndexOf('.'))}${token.slice(token.lastIndexOf('.'))}`)
  })
})

describe('where the token stands', () => {
  const codeOf = async (headers: [string, string][], target = '/orders') => {
    const answer = await rig.gateway.call({ target, headers })
    expect(rig.gateway.origin.requests).toEqual([])
    expect(fetched()).toBe(0)
    return [answer.status, problem(answer).code]
  }

  it('none is 401 with a challenge that names no error', async () => {
    const answer = await rig.gateway.call({ target: '/orders' })
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_missing'])
    const [challenge = ''] = answer.headers.get('www-authenticate') ?? []
    expect(challenge).toMatch(/^Bearer /)
    expect(challenge).not.toContain('error')
  })

  it('in the query alone is not read', async () => {
    expect(await codeOf([], `/orders?access_token=${rig.token()}`)).toEqual([401, 'credential_missing'])
  })

  it('in header and query is 400', async () => {
    const bearer: [string, string] = ['Authorization', `Bearer ${rig.token()}`]
    expect(await codeOf([bearer], `/orders?access_token=${rig.token()}`)).toEqual([
      400,
      'credential_repeated',
    ])
    expect(await codeOf([bearer], '/orders?a=1&access%5Ftoken=x')).toEqual([400, 'credential_repeated'])
  })

  it('in a cookie alone is not read', async () => {
    expect(await codeOf([['Cookie', `access_token=${rig.token()}`]])).toEqual([401, 'credential_missing'])
  })

  it('in the query of a POST is not read either', async () => {
    const answer = await rig.gateway.call({
      method: 'POST',
      target: `/orders?access_token=${rig.token()}`,
      headers: [['Content-Type', 'application/json']],
      body: '{}',
    })
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_missing'])
  })

  it('twice is 400, the same or another', async () => {
    const [first, second] = [rig.token(), rig.token()]
    for (const pair of [
      [first, first],
      [first, second],
      ['junk', first],
      [first, 'junk'],
    ]) {
      const headers = pair.map((token): [string, string] => ['Authorization', `Bearer ${token}`])
      expect(await codeOf(headers)).toEqual([400, 'credential_repeated'])
    }
    expect(await codeOf([['Authorization', `Bearer ${first},${second}`]])).toEqual([
      400,
      'credential_repeated',
    ])
    expect(await codeOf([['Authorization', `Bearer ${first}, Bearer ${second}`]])).toEqual([
      400,
      'credential_repeated',
    ])
  })

  it('beside Basic is 400', async () => {
    expect(
      await codeOf([
        ['Authorization', 'Basic YTpi'],
        ['Authorization', `Bearer ${rig.token()}`],
      ]),
    ).toEqual([400, 'credential_repeated'])
  })

  it.each(['bearer', 'BEARER', 'bEaReR'])('the scheme may be written %s', async (scheme) => {
    const answer = await rig.gateway.call({
      target: '/orders',
      headers: [['Authorization', `${scheme} ${rig.token()}`]],
    })
    expect(answer.status).toBe(200)
  })

  it.each([
    ['two spaces', (token: string) => `Bearer  ${token}`],
    ['a tab', (token: string) => `Bearer\t${token}`],
    ['no space', (token: string) => `Bearer${token}`],
    ['the scheme alone', () => 'Bearer'],
    ['no scheme', (token: string) => token],
    ['two words', (token: string) => `Bearer ${token} x`],
    ['a colon', (token: string) => `Bearer: ${token}`],
    ['a parameter', (token: string) => `Bearer token="${token}"`],
    ['Basic', (token: string) => `Basic ${token}`],
    ['DPoP', (token: string) => `DPoP ${token}`],
    ['Token', (token: string) => `Token ${token}`],
    ['a prefix of the scheme', (token: string) => `Bear ${token}`],
    ['more than the scheme', (token: string) => `BearerX ${token}`],
  ])('%s is refused', async (_, write) => {
    const [status] = await codeOf([['Authorization', write(rig.token())]])
    expect(status).toBe(401)
  })
})

describe('characters', () => {
  it.each([
    ['a letter of latin-1', (token: string) => token.replace(/.$/, '\u00e9')],
    ['a dot that is none', (token: string) => token.replace('.', '\u00b7')],
    ['NUL', (token: string) => `${token}\u0000`],
    ['a byte order mark as bytes', (token: string) => `\u00ef\u00bb\u00bf${token}`],
  ])('%s in the token are refused', async (_, change) => {
    const answer = await rig.get(change(rig.token()))
    expect([400, 401]).toContain(answer.status)
    expect(rig.gateway.origin.requests).toEqual([])
  })

  it.each([
    ['a byte order mark', () => rig.raw(headerOf(rig.key), `\ufeff${JSON.stringify(rig.claims())}`)],
    [
      'broken UTF-8',
      () =>
        rig.raw(
          headerOf(rig.key),
          Buffer.from(JSON.stringify(rig.claims()).replace('acme', '\u00ff'), 'latin1'),
        ),
    ],
    [
      'an overlong form',
      () =>
        rig.raw(
          headerOf(rig.key),
          Buffer.from(JSON.stringify(rig.claims()).replace('acme', '\u00c0\u00af'), 'latin1'),
        ),
    ],
    [
      'a lone surrogate',
      () => rig.raw(headerOf(rig.key), JSON.stringify(rig.claims()).replace('acme', '\\udc00')),
    ],
    ['UTF-16', () => rig.raw(headerOf(rig.key), Buffer.from(JSON.stringify(rig.claims()), 'utf16le'))],
  ])('%s in the claims are refused', async (_, make) => {
    await refusedUnasked(make())
  })

  it.each(['a\r\nx-admin: 1', 'a\nb', 'a\u0000', '\u007f', '\u0085', 'x'.repeat(8192), 'x'.repeat(256)])(
    'a subject that no header may hold (%j) is refused',
    async (sub) => {
      const answer = await rig.get(rig.token({ sub }))
      expect(answer.status).toBe(401)
      expect(rig.gateway.origin.requests).toEqual([])
    },
  )

  it('a subject beyond ASCII, which a header would bend, does not go on', async () => {
    const answer = await rig.get(rig.token({ sub: 'Zoë' }))
    expect([answer.status, problem(answer).code]).toEqual([400, 'malformed_header'])
    expect(rig.gateway.origin.requests).toEqual([])
  })
})

it('the wire does not tell why a token was refused', async () => {
  const flipped = rig.token().replace(/[^.]+$/, randomBytes(64).toString('base64url'))
  const refused = [
    flipped,
    rig.token({}, { kid: 'unknown' }),
    rig.token({ exp: 1, iat: 0 }),
    rig.token({ aud: 'other' }),
    rig.token({ iss: 'https://other.test' }),
    rig.token({}, { typ: 'JWT' }),
    rig.token({}, { alg: 'none' }),
    'junk',
    'eyJ.a.b',
  ]
  const told = []
  for (const token of refused) {
    const answer = await rig.get(token)
    const [id = ''] = answer.headers.get('sallyport-id') ?? []
    const fixed = answer.head.replace(/^date:.*\r\n/im, '')
    told.push(`${fixed}${answer.text}`.replaceAll(id, 'ID'))
  }
  expect(new Set(told).size).toBe(1)
})

// Last, since they move the clock and the keys.
describe('with time', () => {
  it('a token that was verified before ends at its exp all the same', async () => {
    const now = Math.floor(Date.now() / 1000)
    const token = rig.token({ exp: now + 100 })
    expect((await rig.get(token)).status).toBe(200)
    await rig.gateway.door('/clock', { aheadMs: 60_000 })
    expect((await rig.get(token)).status).toBe(200)
    await rig.gateway.door('/clock', { aheadMs: 240_000 })
    await rig.refused(token)
  })

  it('a key that is removed takes the tokens along that were verified with it', async () => {
    const token = rig.token()
    expect((await rig.get(token)).status).toBe(200)
    const next = makeSigner('ES256', 'k2')
    rig.issuer.keys = [next.jwk]
    // The issuer may be asked for an unknown key again, and the token is still remembered as verified.
    await rig.gateway.door('/clock', { aheadMs: 271_000 })
    expect((await rig.get(token)).status).toBe(200)
    const fresh = () => signToken(next, headerOf(next), rig.claims())
    await expect.poll(async () => (await rig.get(fresh())).status, { timeout: 10_000 }).toBe(200)
    await rig.refused(token)
  })

  it('an issuer that is down is told of in the record of each request that its old keys let in', async () => {
    const at = Math.floor(Date.now() / 1000) + 2 * 3600
    const token = signToken(rig.rsa, headerOf(rig.rsa), rig.claims({ iat: at, exp: at + 7200 }))
    rig.issuer.keys = [rig.rsa.jwk]
    await rig.gateway.door('/clock', { aheadMs: 2 * 3_600_000 })
    await expect.poll(async () => (await rig.get(token)).status, { timeout: 10_000 }).toBe(200)
    rig.issuer.isDown = true
    await rig.gateway.door('/clock', { aheadMs: 3 * 3_600_000 })
    for (let i = 0; i < 3; i++) {
      const answer = await rig.get(token)
      expect(answer.status).toBe(200)
      const { reported } = await rig.gateway.recordOf(answer)
      expect(reported).toMatchObject([{ stage: 'authenticate', code: 'issuer_unavailable' }])
    }
  })

  it('an issuer that is down, with no key left, is 503 and never 401', async () => {
    rig.issuer.isDown = true
    await rig.gateway.door('/clock', { aheadMs: 30 * 3_600_000 })
    const answer = await rig.get(
      signToken(
        rig.key,
        headerOf(rig.key),
        rig.claims({
          iat: Math.floor(Date.now() / 1000) + 30 * 3600,
          exp: Math.floor(Date.now() / 1000) + 31 * 3600,
        }),
      ),
    )
    expect([answer.status, problem(answer).code]).toEqual([503, 'issuer_unavailable'])
    expect(Number(answer.headers.get('retry-after')?.[0])).toBeGreaterThan(0)
    expect(answer.headers.get('www-authenticate')).toBeUndefined()
  })
})
