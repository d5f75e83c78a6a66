import { describe, expect, it } from 'vitest'
import { one, problem } from './harness/gateway.ts'
import { expectNothingArrived, expectRefused } from './harness/mounts.ts'
import type { Behaviour } from './harness/origin.ts'
import type { RawAnswer } from './harness/raw.ts'
import { useGateway } from './harness/use.ts'
import { fresh, type Sent, sending } from './senders/send.ts'

const gateway = useGateway({ entry: 'test/wire/workers/senders.ts' })
const send = sending(gateway)
const arrived = () => gateway.origin.requests.map(({ body }) => body.toString())
const badSignature = { signature: '00'.repeat(32) }

describe('a route of several methods', () => {
  it('answers a handshake by GET from its query, which no schema declares', async () => {
    const answer = await send('/hooks', { method: 'GET', query: '?challenge=abc123' })
    expect([answer.status, answer.text, one(answer, 'content-type')]).toEqual([200, 'abc123', 'text/plain'])
    expect(one(answer, 'cache-control')).toBe('no-store')
    expect(await gateway.recordOf(answer)).toMatchObject({ decision: 'handshake', method: 'GET' })
    expectNothingArrived(gateway)
  })

  it('answers a handshake by HEAD without a body', async () => {
    const answer = await send('/hooks', { method: 'HEAD' })
    expect([answer.status, answer.body.length, answer.rest.length]).toEqual([200, 0, 0])
    expect(await gateway.recordOf(answer)).toMatchObject({ decision: 'handshake', method: 'HEAD' })
    expectNothingArrived(gateway)
  })

  it.each([
    ['a GET with an empty signature', { method: 'GET', signature: '' }, 401],
    [
      'a GET with the signature of another query',
      { method: 'GET', query: '?challenge=a', ...badSignature },
      401,
    ],
    ['a HEAD with a wrong signature', { method: 'HEAD', ...badSignature }, 401],
    ['a method that the route does not have', { method: 'PUT', body: '{}' }, 405],
  ] as [string, Sent, number][])('refuses %s', async (_, sent, status) => {
    const answer = await send('/hooks', sent)
    expect(answer.status).toBe(status)
    expectNothingArrived(gateway)
  })

  it('never forwards a signed GET that is no handshake: it has neither the body nor the query of the route', async () => {
    expectRefused(gateway, await send('/hooks', { method: 'GET' }), 415, 'media_type_not_supported')
    const query = await send('/hooks', { method: 'GET', query: '?challenge=NOT-ONE' })
    expectRefused(gateway, query, 400, 'query_not_declared')
  })

  it('forwards a delivery by POST, whose principal says what is signed', async () => {
    const body = fresh()
    expect((await send('/hooks', { body })).status).toBe(200)
    expect(arrived()).toEqual([body])
  })
})

describe('a handshake with headers', () => {
  it('echoes them and nothing that is the gateway’s', async () => {
    const answer = await send('/hooks', { headers: [['X-Hook-Secret', 'b537-canary']] })
    expect([answer.status, one(answer, 'x-hook-secret')]).toEqual([204, 'b537-canary'])
    expect(one(answer, 'sallyport-id')).toMatch(/^[0-9a-f]{8}-/)
    expect(one(answer, 'cache-control')).toBe('no-store')
    expect(answer.head).not.toMatch(/forged|^content-(length|type)/im)
    expect((await gateway.recordOf(answer)).decision).toBe('handshake')
    expectNothingArrived(gateway)
  })

  it('is none without its signature', async () => {
    const answer = await send('/hooks', { headers: [['X-Hook-Secret', 'planted']], ...badSignature })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('x-hook-secret')).toBeUndefined()
  })
})

describe('where the provider wants bare answers', () => {
  /** The whole of it: a status, an id, no body, and nothing that describes one. */
  function expectBare(answer: RawAnswer, status: number): void {
    expect([answer.status, answer.body.length, answer.rest.length]).toEqual([status, 0, 0])
    expect(answer.complete).toBe(true)
    expect(one(answer, 'content-length')).toBe('0')
    expect(one(answer, 'sallyport-id')).toMatch(/^[0-9a-f]{8}-/)
    expect(answer.head).not.toMatch(/^(content-(type|encoding|language)|set-cookie|transfer-encoding):/im)
  }

  it.each<[string, Sent, number, string]>([
    ['an empty signature', { signature: '' }, 401, 'signature_refused'],
    ['a bad signature', badSignature, 401, 'signature_refused'],
    ['a malformed body', { body: '{' }, 400, 'malformed_body'],
    ['a foreign media type', { type: 'text/plain' }, 415, 'media_type_not_supported'],
    ['an encoded body', { headers: [['Content-Encoding', 'gzip']] }, 415, 'encoding_not_supported'],
    ['a query', { query: '?a=1' }, 400, 'query_not_declared'],
    ['a throw', { headers: [['X-Test-Throw', '1']] }, 500, 'internal_error'],
  ])('a refusal of %s has none, and the record says all', async (_, sent, status, code) => {
    const answer = await send('/bare', sent)
    expectBare(answer, status)
    expect(one(answer, 'www-authenticate')).toBe(status === 401 ? 'Webhook-Signature' : undefined)
    expect(await gateway.recordOf(answer)).toMatchObject({ decision: 'refused', status, code, bytesOut: 0 })
    expectNothingArrived(gateway)
  })

  it('neither has a handshake', async () => {
    expectBare(await send('/bare', { method: 'GET', query: '?challenge=abc' }), 200)
  })

  it('neither has the origin’s answer, nor that to a copy', async () => {
    gateway.origin.behave({
      status: 202,
      headers: [
        ['Content-Type', 'text/html'],
        ['Content-Language', 'de'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Own', 'kept'],
      ],
      body: 'a page',
    })
    const body = fresh()
    const first = await send('/bare', { body })
    expectBare(first, 202)
    expect(one(first, 'x-own')).toBe('kept')
    expect(await gateway.recordOf(first)).toMatchObject({ decision: 'forwarded', settled: 'committed' })
    const copy = await send('/bare', { body })
    expectBare(copy, 200)
    expect(one(copy, 'sallyport-duplicate-of')).toBe(one(first, 'sallyport-id'))
    expect(arrived()).toEqual([body])
  })

  it.each<[string, Behaviour]>([
    ['is chunked', { headers: [['Transfer-Encoding', 'chunked']], body: '3\r\nabc\r\n0\r\n\r\n' }],
    ['breaks off', { fault: 'half-answer', body: 'x'.repeat(100_000) }],
    ['never ends', { headers: [['Content-Length', '1000']], body: 'x' }],
  ])('although the origin’s body %s', async (_, behaviour) => {
    gateway.origin.behave(behaviour)
    const answer = await send('/bare')
    expectBare(answer, 200)
    expect(await gateway.recordOf(answer)).toMatchObject({ decision: 'forwarded', settled: 'committed' })
    expectBare(await send('/bare'), 200)
  })

  it('and the origin can end what it says: its connection is read to the end and serves the next one', async () => {
    gateway.origin.behave({ body: 'x'.repeat(8_000_000) })
    expectBare(await send('/bare'), 200)
    await expect
      .poll(
        async () => {
          gateway.origin.clear()
          await send('/bare')
          const before = gateway.origin.requests[0]?.connection
          gateway.origin.behave({ body: 'x'.repeat(8_000_000) })
          await send('/bare')
          await new Promise((resolve) => setTimeout(resolve, 300))
          await send('/bare')
          return gateway.origin.requests.map(({ connection }) => connection === before)
        },
        { timeout: 15_000 },
      )
      .toEqual([true, true, true])
  })

  it('also in report mode, where everything goes on', async () => {
    gateway.origin.behave({ headers: [['Set-Cookie', 'a=1']], body: 'a page' })
    expectBare(await send('/bare-watched', badSignature), 200)
    expect(gateway.origin.requests).toHaveLength(1)
  })
})

describe("a provider's own statuses", () => {
  it('replace that of a bad signature, on the line and in the problem, without a challenge', async () => {
    const answer = await send('/statuses', badSignature)
    expectRefused(gateway, answer, 498, 'signature_refused')
    expect(answer.headers.get('www-authenticate')).toBeUndefined()
    expect(await gateway.recordOf(answer)).toMatchObject({ status: 498, code: 'signature_refused' })
  })

  it('leave a 401 that is one its challenge', async () => {
    const missing = await gateway.call({ method: 'POST', target: '/statuses', body: '{}' })
    expectRefused(gateway, missing, 401, 'signature_missing')
    expect(one(missing, 'www-authenticate')).toBe('Signature realm="gw.test"')
  })

  it('stand in the place of a status that means something else to the provider', async () => {
    expectRefused(gateway, await send('/statuses', { body: '{' }), 422, 'malformed_body')
    expectRefused(gateway, await send('/statuses', { query: '?a=1' }), 422, 'query_not_declared')
  })
})

describe('the time that the provider waits', () => {
  it('is what the origin has', async () => {
    gateway.origin.behave({ delayMs: 8000 })
    const answer = await send('/brief')
    expect([answer.status, problem(answer).code]).toEqual([504, 'origin_timeout'])
    expect((await gateway.recordOf(answer)).measure).toEqual({
      limit: 400,
      actual: 400,
      unit: 'milliseconds',
    })
    expect(Number(one(answer, 'retry-after'))).toBeGreaterThanOrEqual(30)
  })

  it('unless the route says how long', async () => {
    gateway.origin.behave({ delayMs: 1500 })
    expect((await send('/patient')).status).toBe(200)
  })
})
