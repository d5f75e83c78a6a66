import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectNothingArrived, expectServing } from './harness/mounts.ts'
import type { Behaviour } from './harness/origin.ts'
import type { RawAnswer } from './harness/raw.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/alone.ts' })
})
afterEach(() => expectServing(gateway, ''))
afterAll(() => gateway?.close())

const read = (behaviour: Behaviour = {}): Promise<RawAnswer> => {
  gateway.origin.behave(behaviour)
  return gateway.call({ target: '/read/x' })
}

describe('every answer carries one sallyport-id, which is its record’s', () => {
  const json: [string, string] = ['Content-Type', 'application/json']
  it.each([
    ['a forwarded request', 200, { target: '/read/x' }],
    ['a malformed target', 400, { target: '/read/..' }],
    ['a foreign host', 400, { host: 'evil.test' }],
    ['a missing signature', 401, { method: 'POST', target: '/webhooks/github' }],
    ['a denied client', 403, { target: '/admin/x' }],
    ['an unknown path', 404, { target: '/nothing' }],
    ['a wrong method', 405, { method: 'POST', target: '/read/x' }],
    ['a large body', 413, { method: 'POST', target: '/small', headers: [json], body: ' '.repeat(200) }],
    ['a long target', 414, { target: `/${'a'.repeat(9000)}` }],
    ['a wrong media type', 415, { method: 'POST', target: '/small', body: '{}' }],
    ['an invalid body', 422, { method: 'POST', target: '/orders/a', headers: [json], body: '{}' }],
    ['large headers', 431, { target: '/read/x', headers: [['X-A', 'a'.repeat(40_000)]] }],
  ] as [string, number, Parameters<TestGateway['call']>[0]][])('of %s', async (_name, status, parts) => {
    const answer = await gateway.call(parts)
    expect(answer.status).toBe(status)
    const id = one(answer, 'sallyport-id')
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const record = await gateway.recordOf(answer)
    expect(record).toMatchObject({ id, status, decision: status === 200 ? 'forwarded' : 'refused' })
    if (status === 200) expect(gateway.origin.requests[0]?.values('sallyport-id')).toEqual([id])
    else {
      expect(record.code).toBe(problem(answer).code)
      expect(one(answer, 'cache-control')).toBe('no-store')
      expect(one(answer, 'x-content-type-options')).toBe('nosniff')
      expectNothingArrived(gateway)
    }
  })

  it('and there is one record for one request', async () => {
    const answer = await gateway.call({ target: '/read/..' })
    await gateway.recordOf(answer)
    await expectServing(gateway, '')
    const id = one(answer, 'sallyport-id') ?? ''
    expect(gateway.workerd.lines.filter((line) => line.includes(id))).toHaveLength(1)
  })

  it('of an origin that breaks', async () => {
    const answer = await read({ fault: 'drop-after-read' })
    expect(answer.status).toBe(502)
    expect(await gateway.recordOf(answer)).toMatchObject({ code: 'origin_unreachable', stage: 'forward' })
  })

  it('of an origin that answers too late', async () => {
    const answer = await read({ delayMs: 3000 })
    expect(answer.status).toBe(504)
    expect(await gateway.recordOf(answer)).toMatchObject({
      code: 'origin_timeout',
      measure: { limit: 2000, actual: 2000, unit: 'milliseconds' },
    })
  })

  it.each([101, 600, 999])(
    'of an origin that answers with the status %i, which is none to pass on',
    async (status) => {
      const answer = await read({ status })
      expect(answer.status).toBe(502)
      expect(await gateway.recordOf(answer)).toMatchObject({
        code: 'origin_unreachable',
        originStatus: status,
      })
    },
  )
})

it('401 names a way to authenticate', async () => {
  for (const path of ['/webhooks/github', '/webhooks/standard']) {
    const answer = await gateway.call({ method: 'POST', target: path })
    expect([answer.status, one(answer, 'www-authenticate')]).toEqual([401, 'Webhook-Signature'])
  }
})

describe('of the origin’s answer', () => {
  it('what ends at this hop, or only the gateway may say, does not pass', async () => {
    const gone: [string, string][] = [
      ['Connection', 'close, X-Internal'],
      ['X-Internal', 'forged'],
      ['Keep-Alive', 'forged'],
      ['Proxy-Authenticate', 'forged'],
      ['Proxy-Connection', 'forged'],
      ['TE', 'forged'],
      ['Trailer', 'forged'],
      ['Upgrade', 'forged'],
      ['Sallyport-Id', 'forged'],
      ['sallyport-duplicate-of', 'forged'],
      ['Sallyport-Route', 'forged'],
      ['Sallyport_Id', 'forged'],
    ]
    const answer = await read({ headers: gone })
    expect(answer.status).toBe(200)
    expect(answer.head).not.toContain('forged')
    expect(answer.headers.get('sallyport-id')).toHaveLength(1)
    expect(answer.headers.get('sallyport-duplicate-of')).toBeUndefined()
  })

  it('everything else passes as it is: cookies apart, status, reason, caching, length', async () => {
    const answer = await read({
      status: 418,
      headers: [
        ['Set-Cookie', 'a=1; Path=/'],
        ['Set-Cookie', 'b=2; HttpOnly'],
        ['Cache-Control', 'private, max-age=1'],
        ['ETag', '"own"'],
        ['Content-Type', 'text/x-own'],
      ],
      body: 'short and stout',
    })
    expect(answer.head).toContain('418 Recorded')
    expect(answer.headers.get('set-cookie')).toEqual(['a=1; Path=/', 'b=2; HttpOnly'])
    expect(one(answer, 'cache-control')).toBe('private, max-age=1')
    expect(one(answer, 'etag')).toBe('"own"')
    expect(one(answer, 'content-type')).toBe('text/x-own')
    expect(one(answer, 'content-length')).toBe('15')
    expect(answer.text).toBe('short and stout')
  })

  it('a compressed body passes as bytes that its header still describes', async () => {
    const body = gzipSync('compressed at the origin')
    gateway.origin.behave({ headers: [['Content-Encoding', 'gzip']], body })
    const answer = await gateway.call({ target: '/read/x', headers: [['Accept-Encoding', 'gzip']] })
    expect(one(answer, 'content-encoding')).toBe('gzip')
    expect(gunzipSync(answer.body).toString()).toBe('compressed at the origin')
  })

  it.each([204, 304])('a %i passes without a body', async (status) => {
    const answer = await read({ status, body: '' })
    expect([answer.status, answer.body.length]).toEqual([status, 0])
    expect(one(answer, 'sallyport-id')).toBeDefined()
  })

  it('a body that breaks off breaks off for the client too, and is never made whole', async () => {
    const answer = await read({ fault: 'half-answer' })
    expect(answer.complete).toBe(false)
  })
})
