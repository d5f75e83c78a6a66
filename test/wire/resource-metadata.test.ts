import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { one, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectNothingArrived, expectRefused } from './harness/mounts.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/rules.ts' })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.origin.clear())

const PATH = '/.well-known/oauth-protected-resource'
const read = (host: string, target: string, method = 'GET') => gateway.call({ host, target, method })

describe('the metadata of the protected resource (RFC 9728)', () => {
  it('is served at its place, and names issuers, scopes and proofs', async () => {
    const answer = await read('gw.test', `${PATH}/v1`)
    expect(answer.status).toBe(200)
    expect(one(answer, 'content-type')).toBe('application/json')
    expect(one(answer, 'cache-control')).toBe('public, max-age=3600')
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect(JSON.parse(answer.text)).toEqual({
      resource: 'https://gw.test/v1',
      authorization_servers: ['https://issuer.test/'],
      scopes_supported: ['orders:write', 'orders:admin'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
      resource_documentation: 'https://docs.test/orders',
      tls_client_certificate_bound_access_tokens: true,
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
    })
    expectNothingArrived(gateway)
    expect(await gateway.recordOf(answer)).toMatchObject({
      decision: 'handshake',
      route: 'protected-resource',
      status: 200,
      waits: { admit: null, origin: null },
    })
  })

  it('answers HEAD with the same head and no body', async () => {
    const [get, head] = [await read('gw.test', `${PATH}/v1`), await read('gw.test', `${PATH}/v1`, 'HEAD')]
    expect(head.status).toBe(200)
    expect(head.body).toHaveLength(0)
    for (const name of ['content-type', 'content-length', 'cache-control'])
      expect(one(head, name)).toBe(one(get, name))
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('is not there for %s', async (method) => {
    const answer = await read('gw.test', `${PATH}/v1`, method)
    expectRefused(gateway, answer, 405, 'method_not_allowed')
    expect(one(answer, 'allow')).toBe('GET, HEAD')
  })

  it('of a resource without a path stands without one, and the identifier keeps its slash', async () => {
    const answer = await read('root.test', PATH)
    expect(JSON.parse(answer.text).resource).toBe('https://root.test/')
    expect((await read('root.test', '/v1/bound')).headers.get('www-authenticate')?.[0]).toContain(
      `resource_metadata="https://root.test${PATH}"`,
    )
  })

  it('leaves out what has no value', async () => {
    expect(JSON.parse((await read('bare.test', PATH)).text)).toEqual({
      resource: 'https://bare.test',
      bearer_methods_supported: ['header'],
    })
  })

  it('may stand on a loopback address without TLS, for development', async () => {
    expect(JSON.parse((await read('127.0.0.1', `${PATH}/v1`)).text).resource).toBe('http://127.0.0.1/v1')
    expect((await read('127.0.0.1', '/v1/bound')).headers.get('www-authenticate')?.[0]).toContain(
      `resource_metadata="http://127.0.0.1${PATH}/v1"`,
    )
  })

  it.each([
    ['another path', 'gw.test', PATH],
    ['a path below', 'gw.test', `${PATH}/v1/x`],
    ['a slash at the end', 'gw.test', `${PATH}/v1/`],
    ['another host of the deployment', 'local.test', `${PATH}/v1`],
    ['a gateway without the option', 'plain.test', `${PATH}/v1`],
  ])('is not at %s', async (_, host, target) => {
    expect((await read(host, target)).text).not.toContain('authorization_servers')
  })

  it('is not named on another host, nor beside the path of the resource', async () => {
    for (const [host, target] of [
      ['local.test', '/v1/bound'],
      ['plain.test', '/v1/bound'],
      ['gw.test', '/v10'],
    ] as const) {
      const answer = await read(host, target)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')?.join()).not.toContain('resource_metadata')
    }
  })

  it("holds to the gateway's lists of clients", async () => {
    const call = (address: string) =>
      gateway.call({ host: 'behind.test', target: PATH, headers: [['CF-Connecting-IP', address]] })
    expect((await call('203.0.113.7')).status).toBe(200)
    expectRefused(gateway, await call('192.0.2.7'), 403, 'client_denied')
  })
})

describe('a resource that is misconfigured is answered 503, and the record says why', () => {
  it.each([
    [
      'missing.test',
      /^var RESOURCE_URL, the protected resource: is missing; write the public URL of the API$/,
    ],
    ['insecure.test', /is not an https: URL without query and fragment$/],
    ['query.test', /is not an https: URL without query and fragment$/],
    ['fragment.test', /is not an https: URL without query and fragment$/],
    ['foreign.test', /has a host that is not in PUBLIC_HOSTS as it is written here$/],
    ['capitals.test', /has a host that is not in PUBLIC_HOSTS as it is written here$/],
    ['port.test', /has a host that is not in PUBLIC_HOSTS as it is written here$/],
    ['dots.test', /has a path that is not made of segments/],
    ['slash.test', /has a path that is not made of segments/],
    ['pattern.test', /has a path that is not made of segments/],
    ['star.test', /has a path that is not made of segments/],
  ])('%s', async (host, reason) => {
    const answer = await read(host, '/near')
    expectRefused(gateway, answer, 503, 'not_configured')
    expect((await gateway.recordOf(answer)).reason).toMatch(reason)
  })
})
