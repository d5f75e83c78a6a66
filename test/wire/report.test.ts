import { type SignedDelivery, sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectNothingArrived, expectRefused } from './harness/mounts.ts'
import type { RecordedRequest } from './harness/origin.ts'
import type { RawAnswer } from './harness/raw.ts'
import { IDENTITY_HEADERS, spellings } from './harness/spoofed.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterEach(() => gateway.origin.clear())
afterAll(() => gateway?.close())

const watched = '/webhooks/watched'
const signed = (more: { body?: string; now?: number; id?: string } = {}): Promise<SignedDelivery> =>
  sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, body: '{"needed":"yes"}', ...more })

/** The request arrived as it was sent, and the gateway vouches for nothing about it. */
function expectUnproven(seen: RecordedRequest | undefined): asserts seen {
  expect(seen?.headers.filter(([name]) => /^(sallyport|x-forwarded|content-digest)/i.test(name))).toEqual([])
  expect(seen?.values('signature')).toEqual([])
  expect(seen?.values('signature-input')).toEqual([])
}
async function codesOf(answer: RawAnswer): Promise<string[]> {
  const record = await gateway.recordOf(answer)
  expect(record).toMatchObject({ decision: 'forwarded', code: null, status: 200 })
  return record.reported.map(({ stage, code }) => `${stage} ${code}`)
}

describe('a route in report mode lets on, records, and vouches for nothing:', () => {
  it('a copy of a delivery that is done', async () => {
    const delivery = await signed({ id: 'msg_copy' })
    const first = await gateway.deliver(watched, delivery)
    expect(await codesOf(first)).toEqual([])
    const copy = await gateway.deliver(watched, delivery)
    expect(await codesOf(copy)).toEqual(['admit delivery_repeated'])
    expect((await gateway.recordOf(copy)).duplicateOf).toBe(first.headers.get('sallyport-id')?.[0])
    expect(gateway.origin.requests).toHaveLength(2)
    for (const seen of gateway.origin.requests) {
      expectUnproven(seen)
      expect(seen.body.toString()).toBe(delivery.body)
      expect(seen.values('webhook-signature')).toEqual([delivery.headers['webhook-signature']])
    }
  })

  it('what is over the limit', async () => {
    const codes: string[][] = []
    for (let i = 0; i < 4; i++) codes.push(await codesOf(await gateway.deliver(watched, await signed())))
    expect(codes.at(-1)).toEqual(['admit rate_limited'])
    expect(gateway.origin.requests).toHaveLength(4)
    for (const seen of gateway.origin.requests) expectUnproven(seen)
  })

  it.each([
    [
      'an unsigned request',
      async () => ({ headers: {}, body: '{}' }),
      ['authenticate signature_missing', 'validate media_type_not_supported'],
    ],
    ['a stale signature', () => signed({ now: Date.now() - 1_000_000 }), ['authenticate signature_refused']],
    [
      'a signature over another body',
      async () => ({ ...(await signed()), body: '{"other":1}' }),
      ['authenticate signature_refused'],
    ],
    ['a malformed body', () => signed({ body: '{"a":1,"a":2}' }), ['validate malformed_body']],
    ['an empty body', () => signed({ body: '' }), ['validate malformed_body']],
  ])('%s', async (_name, make, codes) => {
    const delivery = await make()
    const answer = await gateway.deliver(watched, delivery as SignedDelivery)
    expect(answer.status).toBe(200)
    expect(await codesOf(answer)).toEqual(codes)
    const [seen] = gateway.origin.requests
    expectUnproven(seen)
    expect(seen.body.toString()).toBe(delivery.body)
  })

  it('a query that is not declared, as it was sent', async () => {
    const answer = await gateway.deliver(`${watched}?a=1&a=%32`, await signed())
    expect(await codesOf(answer)).toContain('validate query_not_declared')
    expect(gateway.origin.requests[0]?.target).toBe(`${watched}?a=1&a=%32`)
  })

  it('a request while shared state hangs, without waiting for it beyond the budget', async () => {
    await gateway.door('/_test/fault', { operation: 'admit', fault: 'hang', times: 1 })
    const started = performance.now()
    const answer = await gateway.deliver(watched, await signed())
    expect(performance.now() - started).toBeLessThan(1000)
    expect(await codesOf(answer)).toEqual(['admit state_unavailable'])
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('nothing that the client says about who it is', async () => {
    const forged = IDENTITY_HEADERS.slice(0, 10)
      .flatMap(spellings)
      .map((name): [string, string] => [name, 'forged'])
    const answer = await gateway.deliver(watched, await signed(), forged)
    expect(answer.status).toBe(200)
    expect(gateway.origin.requests[0]?.head.toString()).not.toContain('forged')
  })
})

describe('a route in report mode refuses all the same:', () => {
  const post = (headers: [string, string][], body: string, target = watched) =>
    gateway.call({
      method: 'POST',
      target,
      headers: [['Content-Type', 'application/json'], ...headers],
      body,
    })

  it.each([
    ['a declared length over the cap', [['Content-Length', '2000000']], '{}', 413, 'body_too_large'],
    ['a compressed body', [['Content-Encoding', 'gzip']], '{}', 415, 'encoding_not_supported'],
    ['a doubtful framing', [['Transfer-Encoding', 'gzip, chunked']], '0\r\n\r\n', 400, 'malformed_header'],
    ['a control character in a header', [['X-A', 'a\x01']], '{}', 400, 'malformed_header'],
    [
      'too many headers',
      Array.from({ length: 120 }, (_, i) => [`X-${i}`, '1']),
      '{}',
      431,
      'headers_too_large',
    ],
  ] as [string, [string, string][], string, number, string][])(
    '%s',
    async (_name, headers, body, status, code) => {
      expectRefused(gateway, await post(headers, body), status, code)
    },
  )

  it('a body over the cap that did not say so', async () => {
    const chunk = `100001\r\n${' '.repeat(0x100001)}\r\n0\r\n\r\n`
    expectRefused(gateway, await post([['Transfer-Encoding', 'chunked']], chunk), 413, 'body_too_large')
  })

  it('a malformed target, a foreign host and another method', async () => {
    expectRefused(gateway, await post([], '{}', '/webhooks/x/../watched'), 400, 'malformed_target')
    expectRefused(gateway, await gateway.call({ host: 'evil.test', target: watched }), 400, 'host_not_served')
    expectRefused(gateway, await gateway.call({ target: watched }), 405, 'method_not_allowed')
  })
})

it('builds no path for a caller whom the route would refuse', async () => {
  expect((await gateway.call({ target: '/whose/ann' })).status).toBe(200)
  const refused = await gateway.call({ target: '/whose/bob' })
  expect(await codesOf(refused)).toEqual(['authorize not_authorized'])
  expect(gateway.origin.requests.map(({ target }) => target)).toEqual(['/users/ann', '/whose/bob'])
})

describe('a limit and a schema in report mode, on a route that enforces', () => {
  it('let on with proof what they would deny, and say so in the record', async () => {
    const first = await gateway.deliver('/webhooks/lenient', await signed({ body: '{"other":1}' }))
    expect(await codesOf(first)).toEqual(['validate input_invalid'])
    const second = await gateway.deliver(
      '/webhooks/lenient',
      await signed({ body: '{"needed":"yes","n":2}' }),
    )
    expect(await codesOf(second)).toEqual(['admit rate_limited'])
    const both = await gateway.deliver('/webhooks/lenient', await signed({ body: '[3]' }))
    expect(await codesOf(both)).toEqual(['validate input_invalid', 'admit rate_limited'])
    expect(gateway.origin.requests.map(({ body }) => body.toString())).toEqual([
      '{"other":1}',
      '{"needed":"yes","n":2}',
      '[3]',
    ])
    for (const seen of gateway.origin.requests) expect(seen.values('signature')).toHaveLength(1)
  })

  it('leave strict bytes, signature and media type enforced', async () => {
    const duplicate = await gateway.deliver('/webhooks/lenient', await signed({ body: '{"a":1,"a":2}' }))
    expectRefused(gateway, duplicate, 400, 'malformed_body')
    const unsigned = await gateway.deliver('/webhooks/lenient', { headers: {}, body: '{}' })
    expectRefused(gateway, unsigned, 401, 'signature_missing')
    const delivery = await signed()
    const text = { ...delivery, headers: { ...delivery.headers, 'content-type': 'text/plain' } }
    expectRefused(gateway, await gateway.deliver('/webhooks/lenient', text), 415, 'media_type_not_supported')
    expectNothingArrived(gateway)
  })
})
