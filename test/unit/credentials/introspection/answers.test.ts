import { gzipSync } from 'node:zlib'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { NOW } from '../api-key/calls.ts'
import { active, envOf, ISSUER, outcome, route, SECONDS, use } from './tokens.ts'
import { useIntrospection } from './use.ts'

const server = useIntrospection()
const fresh = (more = {}) => use({ env: envOf(server.url), ...more })

describe('a token that is active', () => {
  it('lets its owner in, with what the issuer said, frozen', async () => {
    server.answer(active({ roles: ['admin'], sid: 'session-1', tenant: { name: 'acme' } }))
    const result = await fresh()
    if (!result.ok) throw new Error(outcome(result))
    const { principal, revocable, issuedAtMs, credential } = result.value
    expect(principal).toMatchObject({
      kind: 'token',
      id: `${ISSUER}|ann`,
      issuer: ISSUER,
      sub: 'ann',
      clientId: 'mobile',
      scopes: ['orders:read', 'orders:write'],
      roles: ['admin'],
      claims: { tenant: { name: 'acme' } },
    })
    expect(revocable).toEqual([
      `${ISSUER}|ann`,
      `jti:${ISSUER}|token-1`,
      `iss:${ISSUER}`,
      `sid:${ISSUER}|session-1`,
    ])
    expect([issuedAtMs, credential]).toEqual([NOW - 60_000, 'opaque token'])
    expect(Object.isFrozen(principal.claims.tenant) && Object.isFrozen(principal.scopes)).toBe(true)
  })

  it('is asked about in a form, with the credentials of the gateway, form-encoded before they are joined', async () => {
    await use({
      env: envOf(`${server.url}?tenant=a`, { CLIENT: 'https://gw?a b', SECRET: 'sé:cret+ %' }),
      token: 'abc._~+/-==',
    })
    expect(server.asked).toHaveLength(1)
    const [{ method, url, headers, form } = never()] = server.asked
    expect([method, url]).toEqual(['POST', '/introspect?tenant=a'])
    expect(Object.fromEntries(form)).toEqual({ token: 'abc._~+/-==', token_type_hint: 'access_token' })
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(headers.accept).toBe('application/json')
    const [id, secret] = atob(headers.authorization?.replace('Basic ', '') ?? '').split(':')
    expect([id, secret]).toEqual(['https%3A%2F%2Fgw%3Fa+b', 's%C3%A9%3Acret%2B+%25'])
  })

  it('has no jti: the SHA-256 of the token names it', async () => {
    server.answer(active({ jti: undefined }))
    const result = await fresh({ token: 'abc' })
    expect(result).toMatchObject({
      value: {
        revocable: expect.arrayContaining([
          `jti:${ISSUER}|ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad`,
        ]),
      },
    })
  })

  it('has claims of the type that the route wants, or is refused', async () => {
    server.answer(active({ tenant: 'acme' }))
    const typed = route({ claims: v.object({ tenant: v.pipe(v.string(), v.toUpperCase()) }) })
    expect(await fresh({ by: typed })).toMatchObject({ value: { principal: { claims: { tenant: 'ACME' } } } })
    const strict = route({ claims: v.object({ account: v.string() }) })
    expect(outcome(await fresh({ by: strict }))).toMatch(
      /^credential_refused: .* not what the route wants of it$/,
    )
  })
})

describe('an answer about an active token is refused', () => {
  it.each<[string, object]>([
    ['without iss', { iss: undefined }],
    ['of another issuer', { iss: 'https://evil.example.com/' }],
    ['of an issuer without its slash', { iss: ISSUER.slice(0, -1) }],
    ['with iss in a list', { iss: [ISSUER] }],
    ['without sub', { sub: undefined }],
    ['with an empty sub', { sub: '' }],
    ['with sub as a number', { sub: 7 }],
    ['with a line break in sub', { sub: 'ann\nx' }],
    ['without aud', { aud: undefined }],
    ['for another audience', { aud: 'orders-api2' }],
    ['with an audience in a list in a list', { aud: [['orders-api']] }],
    ['with 17 audiences', { aud: Array(17).fill('orders-api') }],
    ['without exp', { exp: undefined }],
    ['with exp as text', { exp: String(SECONDS + 60) }],
    ['with exp and a fraction', { exp: SECONDS + 60.5 }],
    ['with exp in milliseconds of the year 56000', { exp: 1e300 }],
    ['that is out of date', { exp: SECONDS - 31 }],
    ['without iat', { iat: undefined }],
    ['issued in the future', { iat: SECONDS + 31 }],
    ['not valid yet', { nbf: SECONDS + 31 }],
    ['with nbf as text', { nbf: 'now' }],
    ['with scopes in an object', { scope: { orders: true } }],
    ['with two spaces between scopes', { scope: 'a  b' }],
    ['with a jti that is a number', { jti: 7 }],
    ['with client_id as a list', { client_id: ['a'] }],
    ['of a refresh token, as Hydra tells it', { token_use: 'refresh_token' }],
    ['of a refresh token, as Keycloak tells it', { typ: 'Refresh' }],
    ['of an id token, as Keycloak tells it', { typ: 'ID' }],
    ['of a type that is no access token', { token_type: 'refresh_token' }],
    ['with at_hash, as id tokens have it', { at_hash: 'x' }],
    ['bound to a key, and without its proof', { cnf: { jkt: 'A'.repeat(43) } }],
    ['bound to a certificate, and without it', { cnf: { 'x5t#S256': 'A'.repeat(43) } }],
    ['bound by what is not known here', { cnf: { kid: 'key-1' } }],
    ['bound to nothing', { cnf: {} }],
    ['with cnf as a text', { cnf: 'A'.repeat(43) }],
    ['of a DPoP token that names no key', { token_type: 'DPoP' }],
    ['of a DPoP token in small letters that names no key', { token_type: 'dpop' }],
    ['of a DPoP token that names no key, as Keycloak tells it', { typ: 'DPoP' }],
  ])('%s', async (_, wrong) => {
    server.answer(active(wrong))
    expect(outcome(await fresh())).toMatch(/^credential_refused: /)
    expect(server.asked).toHaveLength(1)
  })

  it('when it is not active: asked once in 5 seconds', async () => {
    const env = envOf(server.url)
    server.answer({ active: false, sub: 'ann', scope: 'orders:read' })
    for (const now of [NOW, NOW + 4999])
      expect(outcome(await use({ env, now }))).toBe(
        'credential_refused: the issuer says that the token is not active',
      )
    expect(server.asked).toHaveLength(1)
    server.answer(active())
    expect((await use({ env, now: NOW + 5000 })).ok).toBe(true)
  })
})

describe('what is no answer is a 503, never a 401 and never let in', () => {
  const json = JSON.stringify(active())
  const unavailable = /^issuer_unavailable: introspection: /
  it.each<[string, object]>([
    ['active as a text', active({ active: 'true' })],
    ['active as a number', active({ active: 1 })],
    ['no active', active({ active: undefined })],
    ['active twice', { body: json.replace('{', '{"active":false,') }],
    ['no JSON', { body: `${json}x` }],
    ['a list', { body: `[${json}]` }],
    ['null', { body: 'null' }],
    ['nothing', { body: '' }],
    ['a BOM', { body: `\ufeff${json}` }],
    ['bytes that are no UTF-8', { body: Buffer.from(json.replace('ann', '\xff'), 'latin1') }],
    ['__proto__', { body: json.replace('{', '{"__proto__":{"active":true},') }],
    ['17 levels', { body: json.replace('{', `{"a":${'['.repeat(16)}${']'.repeat(16)},`) }],
    ['HTML', { headers: { 'content-type': 'text/html' }, body: json }],
    [
      'a signed answer',
      { headers: { 'content-type': 'application/token-introspection+jwt' }, body: 'a.b.c' },
    ],
    ['64 KiB and a byte', { body: json.replace('{', `{"a":"${'a'.repeat(65_537 - json.length - 7)}",`) }],
    ['a bomb', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50_000_000, 32)) }],
    ['201', { status: 201, body: json }],
    ['204', { status: 204 }],
    ['302 to itself', { status: 302, headers: { location: '/introspect' }, body: json }],
    ['307 elsewhere', { status: 307, headers: { location: 'http://127.0.0.1:1/' }, body: json }],
    ['400', { status: 400, body: '{"error":"invalid_request"}' }],
    ['401', { status: 401, body: json }],
    ['403', { status: 403, body: json }],
    ['429', { status: 429, body: json }],
    ['500', { status: 500, body: json }],
    ['a connection that ends', { drop: true }],
  ])('%s', async (_, answer) => {
    server.answer(answer)
    const result = await fresh()
    expect(outcome(result)).toMatch(unavailable)
    expect(result).toMatchObject({ denial: { retryAfterSeconds: expect.any(Number) } })
    expect(server.asked).toHaveLength(1)
  })

  it('64 KiB are taken', async () => {
    const body = json.replace('{', `{"a":"${'a'.repeat(65_536 - json.length - 7)}",`)
    expect(body).toHaveLength(65_536)
    server.answer({ body })
    expect((await fresh()).ok).toBe(true)
  })

  it('an endpoint that nobody listens at', async () => {
    expect(outcome(await use({ env: envOf('http://127.0.0.1:1/') }))).toMatch(unavailable)
  })

  it('a body that never ends is not waited for longer than half of what is left', async () => {
    server.answer({ drip: true })
    const start = performance.now()
    expect(outcome(await fresh({ remainingMs: 300 }))).toBe(
      'issuer_unavailable: introspection: the look-up took too long',
    )
    expect(performance.now() - start).toBeGreaterThan(145)
  })

  it('and nothing of token, answer or credentials is in its reason', async () => {
    server.answer({ status: 500, body: 'canary-answer' })
    const result = await use({ env: envOf(server.url, { SECRET: 'canary-secret' }), token: 'canary-token' })
    expect(JSON.stringify(result)).not.toContain('canary')
  })
})

describe('the configuration', () => {
  it.each([
    ['no URL', { URL: undefined }],
    ['a URL that is none', { URL: 'id.example.com/introspect' }],
    ['http beyond loopback', { URL: 'http://id.example.com/introspect' }],
    ['http at an address that only looks like loopback', { URL: 'http://127.0.0.1.example.com/' }],
    ['credentials in the URL', { URL: 'https://a:b@id.example.com/introspect' }],
    ['another protocol', { URL: 'file:///etc/passwd' }],
    ['no client', { CLIENT: '' }],
    ['no secret', { SECRET: undefined }],
    ['no issuer', { ISSUER: undefined }],
    ['an issuer that is no URL', { ISSUER: 'id' }],
    ['an issuer with a bar', { ISSUER: 'https://id.example.com/|a' }],
  ])('with %s is a route that is not ready', async (_, more) => {
    expect(outcome(await use({ env: envOf(server.url, more) }))).toMatch(/^not_configured: (var|secret) /)
    expect(server.asked).toEqual([])
  })

  it('may have a second secret, which is tried after a 401 alone', async () => {
    server.answer(({ headers }) =>
      atob(headers.authorization?.slice(6) ?? '').endsWith(':new') ? active() : { status: 401 },
    )
    const env = envOf(server.url, { SECRET: 'old', SECRET_NEXT: 'new' })
    expect((await use({ env })).ok).toBe(true)
    expect(server.asked).toHaveLength(2)
    server.answer({ status: 500 })
    await use({ env, token: 'another' })
    expect(server.asked).toHaveLength(3)
  })
})

const never = (): never => {
  throw new Error('nothing was asked')
}
