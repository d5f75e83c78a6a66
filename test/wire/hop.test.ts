import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { one, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused, expectRefusedBefore, expectServing, mounts } from './harness/mounts.ts'
import type { RecordedRequest } from './harness/origin.ts'
import { openSocket, type RawRequest } from './harness/raw.ts'

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())

  async function arrived(headers: RawRequest['headers']): Promise<RecordedRequest> {
    expect((await gateway.call({ target: `${prefix}/read/x`, headers })).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
    return gateway.origin.requests[0] as RecordedRequest
  }

  describe('Connection', () => {
    it.each([
      ['X-Mine', 'close, X-Mine'],
      ['Authorization', 'close, Authorization'],
      ['Cookie', 'Cookie'],
      ['X-Api-Key', ' ,x-API-key ,'],
    ])('takes the %s that it nominates with it, and stays behind itself', async (name, connection) => {
      const seen = await arrived([
        ['Connection', connection],
        [name, 'nominated'],
      ])
      expect(seen.values('connection')).toEqual([])
      expect(seen.values(name.toLowerCase())).toEqual([])
    })

    it.each([
      'Sallyport-Id',
      'Sallyport-Host',
      'Sallyport-Route',
      'Sallyport-Client',
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'Traceparent',
      'Signature',
      'Signature-Input',
      'Content-Digest',
      'Host',
    ])('takes nothing of the gateway’s own: %s', async (name) => {
      const seen = await arrived([['Connection', `close, ${name}`]])
      expect(seen.values(name.toLowerCase())).toHaveLength(1)
    })

    it('takes nothing of the gateway’s own from a body: neither its length nor its type', async () => {
      const answer = await gateway.call({
        method: 'POST',
        target: `${prefix}/orders/a-1`,
        headers: [
          ['Connection', 'close, Content-Length, Content-Type, X-Order, Content-Digest'],
          ['Content-Type', 'application/json'],
        ],
        body: '{"sku":"a","quantity":1}',
      })
      expect(answer.status).toBe(200)
      const [seen] = gateway.origin.requests
      expect(seen?.values('content-length')).toEqual(['24'])
      expect(seen?.values('content-type')).toEqual(['application/json'])
      expect(seen?.values('x-order')).toEqual(['a-1'])
    })

    it('in two lines nominates from both', async () => {
      const seen = await arrived([
        ['Connection', 'X-A'],
        ['Connection', 'X-B'],
        ['X-A', '1'],
        ['X-B', '1'],
        ['X-C', '1'],
      ])
      expect([seen.values('x-a'), seen.values('x-b'), seen.values('x-c')]).toEqual([[], [], ['1']])
    })
  })

  it.each([
    ['h2c', 'Upgrade, HTTP2-Settings', [['HTTP2-Settings', 'AAMAAABkAAQAoAAAAAIAAAAA']]],
    [
      'websocket',
      'Upgrade',
      [
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ['Origin', 'http://evil.test'],
      ],
    ],
    ['TLS/1.0', 'Upgrade', []],
  ] as [string, string, [string, string][]][])(
    'answers no upgrade to %s with 101, and asks the origin for none',
    async (protocol, connection, more) => {
      const answer = await gateway.call({
        target: `${prefix}/read/x`,
        headers: [['Upgrade', protocol], ['Connection', connection], ...more],
      })
      expect(answer.status).toBe(200)
      const [seen] = gateway.origin.requests
      for (const name of ['upgrade', 'http2-settings', 'connection']) expect(seen?.values(name)).toEqual([])
    },
  )

  it.each(['200-maybe', '100-continue', 'forged'])('does not pass Expect "%s" on', async (value) => {
    const seen = await arrived([['Expect', value]])
    expect(seen.values('expect')).toEqual([])
  })

  it('refuses a declared length over the cap before it asks for the body', async () => {
    const socket = await openSocket(gateway.workerd.port)
    socket.write(
      `POST ${prefix}/small HTTP/1.1\r\nHost: gw.test\r\nContent-Type: application/json\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n`,
    )
    const answer = await socket.readAnswer()
    socket.close()
    expectRefused(gateway, answer, 413, 'body_too_large')
    expect(answer.interim).toEqual([])
  })

  describe('methods', () => {
    it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X_HTTP_Method_Override'])(
      'are the real ones, whatever %s says',
      async (name) => {
        const refused = await gateway.call({
          method: 'POST',
          target: `${prefix}/verbatim`,
          headers: [[name, 'DELETE']],
        })
        expectRefused(gateway, refused, 405, 'method_not_allowed')
        const seen = await arrived([[name, 'DELETE']])
        expect(seen.method).toBe('GET')
        expect(seen.head.toString()).not.toContain('DELETE')
      },
    )

    it('are not overridden by a query or a form field', async () => {
      const query = await gateway.call({ method: 'POST', target: `${prefix}/verbatim?_method=DELETE` })
      expectRefused(gateway, query, 405, 'method_not_allowed')
      const form = await gateway.call({
        method: 'POST',
        target: `${prefix}/documents`,
        headers: [['Content-Type', 'application/x-www-form-urlencoded']],
        body: '_method=DELETE',
      })
      expectRefused(gateway, form, 415, 'media_type_not_supported')
    })

    it.each(['TRACE', 'PURGE', 'PROPFIND', 'OPTIONS', 'POST', 'LOCK', 'SEARCH', 'QUERY', 'HEAD'])(
      'that a route does not declare are 405 and not 404: %s',
      async (method) => {
        const answer = await gateway.call({ method, target: `${prefix}/read/x` })
        expect(answer.status).toBe(405)
        expect(one(answer, 'allow')).toBe('GET')
        expect(gateway.origin.requests).toEqual([])
        if (method !== 'HEAD') expectRefused(gateway, answer, 405, 'method_not_allowed')
      },
    )

    it('are 404 where no route has the path, whatever the method', async () => {
      for (const method of ['GET', 'TRACE', 'DELETE']) {
        const answer = await gateway.call({ method, target: `${prefix}/nothing` })
        expectRefused(gateway, answer, 404, 'route_not_found')
      }
    })

    it('of a route with several are all in Allow', async () => {
      const answer = await gateway.call({ target: `${prefix}/verbatim` })
      expectRefused(gateway, answer, 405, 'method_not_allowed')
      expect(one(answer, 'allow')).toBe('PUT, DELETE')
    })

    it.each(['TRACK', 'DEBUG', 'get', 'GETX'])('unknown to the runtime are its 501: %s', async (method) => {
      expectRefusedBefore(gateway, await gateway.call({ method, target: `${prefix}/read/x` }), 501)
    })
  })

  describe('HEAD', () => {
    it('never runs a GET route that does not declare it', async () => {
      for (const path of ['/read/x', '/search', '/members/me']) {
        const answer = await gateway.call({ method: 'HEAD', target: prefix + path })
        expect([answer.status, answer.body.length]).toEqual([405, 0])
      }
      expect(gateway.origin.requests).toEqual([])
    })

    it('reaches the origin as HEAD where it is declared, and its answer keeps the length and has no body', async () => {
      const answer = await gateway.call({ method: 'HEAD', target: `${prefix}/either` })
      expect(answer.status).toBe(200)
      expect(answer.body).toHaveLength(0)
      expect(one(answer, 'content-length')).toBe('11')
      expect(one(answer, 'sallyport-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(gateway.origin.requests.map(({ method }) => method)).toEqual(['HEAD'])
    })
  })

  it('takes a preflight for an ordinary OPTIONS, and never reflects an Origin', async () => {
    const answer = await gateway.call({
      method: 'OPTIONS',
      target: `${prefix}/verbatim`,
      headers: [
        ['Origin', 'http://evil.test'],
        ['Access-Control-Request-Method', 'DELETE'],
      ],
    })
    expectRefused(gateway, answer, 405, 'method_not_allowed')
    expect(answer.head).not.toContain('evil.test')
  })
})
