import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused, expectServing } from './harness/mounts.ts'
import { ADDRESS_HEADERS, spellings } from './harness/spoofed.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/unmatched.ts' })
})
afterEach(() => expectServing(gateway, ''))
afterAll(() => gateway?.close())

describe('with unmatched: reportAndForward, a path that no route declares', () => {
  it('goes on as it came, without proof, and is recorded', async () => {
    const body = Uint8Array.of(1, 0, 255)
    const answer = await gateway.call({
      method: 'PATCH',
      target: '/app/%7euser/page?a=1&a=2',
      headers: [
        ['Content-Type', 'application/x-own'],
        ['Cookie', 'session=own'],
        ['Authorization', 'Bearer own'],
      ],
      body,
    })
    expect(answer.status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen).toMatchObject({ method: 'PATCH', target: '/app/~user/page?a=1&a=2' })
    expect(seen?.body).toEqual(Buffer.from(body))
    expect(seen?.values('content-type')).toEqual(['application/x-own'])
    expect(seen?.values('cookie')).toEqual(['session=own'])
    expect(seen?.values('authorization')).toEqual(['Bearer own'])
    expect(seen?.headers.filter(([name]) => /^(sallyport|signature|content-digest)/i.test(name))).toEqual([])
    const record = await gateway.recordOf(answer)
    expect(record).toMatchObject({ decision: 'forwarded', route: 'unmatched', mode: 'report', status: 200 })
    expect(record.reported[0]).toMatchObject({ stage: 'match', code: 'route_not_found' })
  })

  // What frameworks fold together: each would be a way around the declared route's checks.
  it.each([
    '/READ/x',
    '/admin;a=b/x',
    '/admin./x',
    '/admin%20/x',
    '/Members/me',
    '/members/me/',
    '/members;x/me',
    '/Search',
    '/search/',
    '/search.json',
    '/search%2e',
  ])('is refused where an origin may take it for a declared one: %s', async (target) => {
    const answer = await gateway.call({ method: 'POST', target, body: '{}' })
    expect([404, 405]).toContain(answer.status)
    expect(gateway.origin.requests).toEqual([])
  })

  it.each(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'goes on with the method %s',
    async (method) => {
      expect((await gateway.call({ method, target: '/app' })).status).toBe(200)
      expect(gateway.origin.requests.map((seen) => seen.method)).toEqual([method])
    },
  )

  it('goes on without what a client could pretend', async () => {
    const forged = ADDRESS_HEADERS.slice(0, 12)
      .flatMap(spellings)
      .map((name): [string, string] => [name, 'forged'])
    expect((await gateway.call({ target: '/app', headers: forged })).status).toBe(200)
    expect(gateway.origin.requests[0]?.head.toString()).not.toContain('forged')
  })

  it('is refused by the first door all the same', async () => {
    expectRefused(gateway, await gateway.call({ target: '/app/../admin/x' }), 400, 'malformed_target')
    expectRefused(gateway, await gateway.call({ target: '/app/%2e%2e/admin/x' }), 400, 'malformed_target')
    expectRefused(gateway, await gateway.call({ target: '//admin/x' }), 400, 'malformed_target')
    expectRefused(gateway, await gateway.call({ host: 'evil.test', target: '/app' }), 400, 'host_not_served')
    const large = await gateway.call({
      method: 'POST',
      target: '/app',
      headers: [['Content-Length', '2000000']],
    })
    expectRefused(gateway, large, 413, 'body_too_large')
    const framing = await gateway.call({ target: '/app', headers: [['Transfer-Encoding', 'gzip, chunked']] })
    expectRefused(gateway, framing, 400, 'malformed_header')
  })
})

describe('with unmatched: reportAndForward, a declared path', () => {
  it('keeps its guard, its methods and its schema', async () => {
    expectRefused(gateway, await gateway.call({ target: '/admin/x' }), 403, 'client_denied')
    expectRefused(
      gateway,
      await gateway.call({ method: 'POST', target: '/read/x' }),
      405,
      'method_not_allowed',
    )
    expect((await gateway.call({ method: 'HEAD', target: '/read/x' })).status).toBe(405)
    expectRefused(
      gateway,
      await gateway.call({ method: 'POST', target: '/webhooks/github' }),
      401,
      'signature_missing',
    )
    expectRefused(gateway, await gateway.call({ target: '/search?x=1' }), 422, 'input_invalid')
  })

  it('is guarded without its further segment too, and no path that only begins like it is', async () => {
    for (const target of ['/admin', '/admin/']) {
      expectRefused(gateway, await gateway.call({ target }), 403, 'client_denied')
    }
    for (const target of ['/administration', '/app/admin/x']) {
      gateway.origin.clear()
      const answer = await gateway.call({ target })
      expect((await gateway.recordOf(answer)).route).toBe('unmatched')
    }
  })
})
