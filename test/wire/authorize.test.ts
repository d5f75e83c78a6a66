import { sign } from 'sallyport/testing'
import { github } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'
import { secrets } from './harness/gateway.ts'
import { expectRefused } from './harness/mounts.ts'
import { openSocket, request } from './harness/raw.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway({ entry: 'test/wire/workers/options.ts', forgets: '/_test/admitted' })

const admitted = () => gateway.door<unknown[]>('/_test/admitted')
const ask = (method: string, target: string, host = 'direct.test') => gateway.call({ host, method, target })

describe.each([
  { name: 'alone', host: 'direct.test', prefix: '' },
  { name: 'mounted in Hono', host: 'mounted.test', prefix: '/api' },
])("what a route's functions are given, $name", ({ host, prefix }) => {
  it.each([
    ['an escaped letter', '/relocated/%61', '/inside/a', { id: 'a' }],
    ['an escaped letter of the route itself', '/%72elocate%64/a', '/inside/a', { id: 'a' }],
    ['an escape in lower case', '/relocated/%c3%a9', '/inside/%C3%A9', { id: 'é' }],
    ['an escaped space', '/relocated/a%20b', '/inside/a%20b', { id: 'a b' }],
    ['a plus, which is no space in a path', '/relocated/a+b', '/inside/a%2Bb', { id: 'a+b' }],
    ['a double escape, decoded once', '/relocated/%2561', '/inside/%2561', { id: '%61' }],
    [
      'an escaped dot segment in a double escape',
      '/relocated/%252e%252e',
      '/inside/%252e%252e',
      { id: '%2e%2e' },
    ],
    ['an escaped question mark, as data', '/relocated/a%3Fb%23c', '/inside/a%3Fb%23c', { id: 'a?b#c' }],
    ['a name that objects have', '/relocated/__proto__', '/inside/__proto__', { id: '__proto__' }],
  ])('%s', async (_name, target, arrives, params) => {
    expect((await ask('GET', prefix + target, host)).status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen?.target).toBe(arrives)
    expect(JSON.parse(decodeURIComponent(seen?.values('x-params')[0] ?? ''))).toEqual(params)
  })
})

describe('authorize', () => {
  it('looks at method and params together, and refuses with one answer', async () => {
    expect((await ask('GET', '/members/you')).status).toBe(200)
    expect((await ask('DELETE', '/members/me')).status).toBe(200)
    expect((await ask('DELETE', '/members/%6De')).status).toBe(200)
    expect(gateway.origin.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'GET /members/you',
      'DELETE /members/me',
      'DELETE /members/me',
    ])
    gateway.origin.clear()
    await admitted()
    for (const target of ['/members/you', '/members/Me', '/members/me%20', '/members/%256De']) {
      const answer = await ask('DELETE', target)
      expectRefused(gateway, answer, 403, 'not_authorized')
      expect((await gateway.recordOf(answer)).stage).toBe('authorize')
    }
    expect(await admitted()).toEqual([])
  })

  it('refuses before a byte of an unsigned body is waited for', async () => {
    const connection = await openSocket(gateway.workerd.port)
    const headers: [string, string][] = [
      ['Host', 'direct.test'],
      ['Content-Type', 'application/json'],
      ['Content-Length', '1000'],
    ]
    connection.write(request({ method: 'PUT', target: '/members/you', headers, body: '{"never":' }))
    const answer = await connection.readAnswer({ timeoutMs: 5000 })
    connection.close()
    expectRefused(gateway, answer, 403, 'not_authorized')
    expect(await gateway.recordOf(answer)).toMatchObject({
      stage: 'authorize',
      bytesIn: null,
      waits: { read: null, admit: null, origin: null },
    })
  })

  it('looks at the verified principal, and only at a verified one', async () => {
    const deliver = async (event: string, secret = secrets.GITHUB_WEBHOOK_SECRET) => {
      const { headers, body } = await sign(github, { secret, event, body: JSON.stringify({ event }) })
      return gateway.call({
        host: 'direct.test',
        method: 'POST',
        target: '/push',
        headers: Object.entries(headers),
        body,
      })
    }
    expectRefused(gateway, await deliver('ping'), 403, 'not_authorized')
    expectRefused(gateway, await deliver('push', 'another secret'), 401, 'signature_refused')
    expect(await admitted()).toEqual([])
    expect((await deliver('push')).status).toBe(200)
  })

  it('takes nothing but true for a yes: a promise is refused', async () => {
    expectRefused(gateway, await ask('GET', '/later'), 403, 'not_authorized')
  })
})
