import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { leaked } from './harness/canary.ts'
import { one, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused } from './harness/mounts.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/rules.ts' })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.origin.clear())

type Headers = [string, string][]
const ORDERS = '/v1/tenants/acme-canary-1d2e/orders'
const authorization = (value: string): Headers => [['Authorization', value]]
const ask = (target: string, headers: Headers = [], host = 'plain.test') =>
  gateway.call({ host, target, headers })
/** What stands in the raw head: one field, since the runtime joins fields of one name. */
const lines = (head: string) => head.split('\r\n').filter((line) => /^www-authenticate:/i.test(line))
const field = (...challenges: string[]) =>
  challenges.length === 0 ? [] : [`WWW-Authenticate: ${challenges.join(', ')}`]

const bearer = 'Bearer realm="plain.test"'
const dpop = 'DPoP realm="plain.test", algs="ES256 EdDSA"'
const refused = 'error="invalid_token", error_description="The credential was refused"'

describe('the challenge, byte for byte', () => {
  it.each<[string, string, Headers, number, string, string[]]>([
    // The table of RFC 6750 section 3.
    ['no credential', ORDERS, [], 401, 'credential_missing', [bearer]],
    ['a scheme that is not taken', ORDERS, authorization('Basic dTpw'), 401, 'credential_missing', [bearer]],
    ['a token in the query', `${ORDERS}?access_token=writer`, [], 401, 'credential_missing', [bearer]],
    [
      'no token behind the scheme',
      ORDERS,
      authorization('Bearer'),
      401,
      'credential_refused',
      [`${bearer}, ${refused}`],
    ],
    ['junk', ORDERS, authorization('@@@'), 401, 'credential_refused', [`${bearer}, ${refused}`]],
    [
      'two tokens in two headers',
      ORDERS,
      [...authorization('Bearer writer'), ...authorization('Bearer reader')],
      400,
      'credential_repeated',
      [
        `${bearer}, error="invalid_request", error_description="The request carries more than one credential"`,
      ],
    ],
    [
      'a token in header and query',
      `${ORDERS}?access_token=reader`,
      authorization('Bearer writer'),
      400,
      'credential_repeated',
      [
        `${bearer}, error="invalid_request", error_description="The request carries more than one credential"`,
      ],
    ],
    [
      'a token that is out of date',
      ORDERS,
      authorization('Bearer expired'),
      401,
      'credential_refused',
      [`${bearer}, ${refused}`],
    ],
    [
      'an unknown token',
      ORDERS,
      authorization('bearer token-canary-9f9f'),
      401,
      'credential_refused',
      [`${bearer}, ${refused}`],
    ],
    [
      'a missing scope',
      ORDERS,
      authorization('Bearer reader'),
      403,
      'scope_missing',
      [
        `${bearer}, error="insufficient_scope", error_description="The credential does not have the scope that the route needs", scope="orders:write"`,
      ],
    ],
    [
      'another tenant: 403 that no token mends',
      '/v1/tenants/evil/orders',
      authorization('Bearer writer'),
      403,
      'not_authorized',
      [],
    ],
    ['keys that are not to be had', ORDERS, authorization('Bearer down'), 503, 'issuer_unavailable', []],
    // RFC 9449 section 7.1.
    ['two schemes, no credential', '/v1/bound', [], 401, 'credential_missing', [bearer, dpop]],
    [
      'a refused token of the one',
      '/v1/bound',
      authorization('Bearer expired'),
      401,
      'credential_refused',
      [`${bearer}, ${refused}`, dpop],
    ],
    [
      'a refused token of the other',
      '/v1/bound',
      authorization('DPoP expired'),
      401,
      'credential_refused',
      [`${dpop}, ${refused}`, bearer],
    ],
    [
      'a refused proof',
      '/v1/bound',
      authorization('DPoP proof'),
      401,
      'proof_refused',
      [
        `${dpop}, error="invalid_dpop_proof", error_description="The proof of possession was refused"`,
        bearer,
      ],
    ],
    [
      'a missing scope of the other: its challenge alone',
      '/v1/bound',
      authorization('DPoP reader'),
      403,
      'scope_missing',
      [
        `${dpop}, error="insufficient_scope", error_description="The credential does not have the scope that the route needs", scope="orders:write"`,
      ],
    ],
    // API keys have no errors of OAuth.
    [
      'a refused key',
      '/v1/either',
      [['X-Api-Key', 'bad']],
      401,
      'credential_refused',
      [bearer, 'ApiKey realm="plain.test"'],
    ],
    ['a key without the scope', '/v1/either', [['X-Api-Key', 'good']], 403, 'scope_missing', []],
    [
      'a key and a token',
      '/v1/either',
      [['X-Api-Key', 'good'], ...authorization('Bearer writer')],
      400,
      'credential_repeated',
      [
        `${bearer}, error="invalid_request", error_description="The request carries more than one credential"`,
      ],
    ],
  ])('%s', async (_, target, headers, status, code, challenges) => {
    const answer = await ask(target, headers)
    expectRefused(gateway, answer, status, code)
    expect(lines(answer.head)).toEqual(field(...challenges))
    expect(one(answer, 'cache-control')).toBe('no-store')
    const record = JSON.stringify(await gateway.recordOf(answer))
    expect(leaked(answer.head + answer.text + record, ['token-canary-9f9f', 'acme-canary-1d2e'])).toEqual([])
  })

  it('of an issuer that is down is a Retry-After', async () => {
    expect(one(await ask(ORDERS, authorization('Bearer down')), 'retry-after')).toBe('7')
  })

  it('of a missing nonce comes with the nonce', async () => {
    const answer = await ask('/v1/proven', authorization('DPoP nonce'))
    expectRefused(gateway, answer, 401, 'proof_nonce_required')
    expect(one(answer, 'dpop-nonce')).toBe('n-1')
    expect(lines(answer.head)).toEqual(
      field(
        `${dpop}, error="use_dpop_nonce", error_description="The proof of possession needs the nonce of this answer"`,
      ),
    )
  })

  it('of a revoked token is invalid_token', async () => {
    await gateway.door('/_test/revoke', {})
    const answer = await ask(ORDERS, authorization('Bearer revoked'))
    expectRefused(gateway, answer, 401, 'principal_revoked')
    expect(lines(answer.head)).toEqual(
      field(`${bearer}, error="invalid_token", error_description="The credentials were revoked"`),
    )
  })
})

describe('a step up (RFC 9470)', () => {
  const insufficient =
    'error="insufficient_user_authentication", error_description="The route needs a stronger or more recent authentication"'

  it.each([
    [
      'an old login',
      'login-700-phr',
      { limit: 600, actual: 700, unit: 'seconds' },
      'acr_values="phrh phr", max_age="600"',
    ],
    ['a weak login', 'login-10-pwd', null, 'acr_values="phrh phr", max_age="600"'],
    ['a login in the future', 'login--3600-phr', null, 'acr_values="phrh phr", max_age="600"'],
    ['no word on the login', 'writer', null, 'acr_values="phrh phr", max_age="600"'],
  ])('%s', async (_, token, measure, asked) => {
    const answer = await ask('/v1/payments', authorization(`Bearer ${token}`))
    expectRefused(gateway, answer, 401, 'authentication_insufficient')
    expect(lines(answer.head)).toEqual(field(`${bearer}, ${insufficient}, ${asked}`))
    expect((await gateway.recordOf(answer)).measure).toEqual(measure)
  })

  it('ends with a login that is recent and strong', async () => {
    expect((await ask('/v1/payments', authorization('Bearer login-10-phrh'))).status).toBe(200)
  })
})

describe('with a protected resource (RFC 9728)', () => {
  const metadata = 'resource_metadata="https://gw.test/.well-known/oauth-protected-resource/v1"'

  it('the challenge names its metadata, with and without an error', async () => {
    expect(lines((await ask(ORDERS, [], 'gw.test')).head)).toEqual(
      field(`Bearer realm="gw.test", ${metadata}`),
    )
    expect(lines((await ask('/v1/bound', authorization('DPoP expired'), 'gw.test')).head)).toEqual(
      field(
        `DPoP realm="gw.test", algs="ES256 EdDSA", ${metadata}, ${refused}`,
        `Bearer realm="gw.test", ${metadata}`,
      ),
    )
    expect(lines((await ask('/v1/either', [], 'gw.test')).head)).toEqual(
      field(`Bearer realm="gw.test", ${metadata}`, 'ApiKey realm="gw.test"'),
    )
  })
})
