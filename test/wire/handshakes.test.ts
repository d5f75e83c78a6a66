import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { one, secrets } from './harness/gateway.ts'
import { expectNothingArrived, expectRefused } from './harness/mounts.ts'
import { useGateway } from './harness/use.ts'

const PASSCODE = 'figma-passcode-canary-41c7'
const HOOK = 'b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81'
const gateway = useGateway({
  entry: 'test/wire/workers/handshakes.ts',
  bindings: {
    STANDARD_WEBHOOK_SECRET: PASSCODE,
    // Until when Asana may shake hands: half an hour outlives any stall.
    STRIPE_WEBHOOK_SECRET: new Date(Date.now() + 1_800_000).toISOString(),
  },
})
const get = (target: string) => gateway.call({ target })
const post = (target: string, body: string, headers: [string, string][] = []) =>
  gateway.call({ method: 'POST', target, body, headers: [['Content-Type', 'application/json'], ...headers] })

describe('unsigned handshakes are answered at the edge', () => {
  it('of Dropbox, as text that no browser runs', async () => {
    const answer = await get('/dropbox?challenge=abc123')
    expect([answer.status, answer.text]).toEqual([200, 'abc123'])
    expect(one(answer, 'content-type')).toBe('text/plain; charset=utf-8')
    expect(one(answer, 'x-content-type-options')).toBe('nosniff')
    expect(await gateway.recordOf(answer)).toMatchObject({ decision: 'handshake', route: 'dropbox' })
    expectNothingArrived(gateway)
  })

  it('of Meta, and neither its token nor its challenge is in the record', async () => {
    const token = secrets.SLACK_SIGNING_SECRET
    const answer = await get(`/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`)
    expect([answer.status, answer.text]).toEqual([200, '1158201444'])
    const told = JSON.stringify(await gateway.recordOf(answer))
    expect(told).not.toContain(token)
    expect(told).not.toContain('1158201444')
    expectNothingArrived(gateway)
  })

  it('of X, of Intercom by HEAD, and of Fastly at its own path', async () => {
    const check = await get('/x-twitter?crc_token=abc&nonce=1')
    const mac = createHmac('sha256', secrets.GITHUB_WEBHOOK_SECRET).update('abc').digest('base64')
    expect([check.status, check.text]).toEqual([200, `{"response_token":"sha256=${mac}"}`])
    const head = await gateway.call({ method: 'HEAD', target: '/intercom' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    const challenge = await get('/.well-known/fastly/logging/challenge')
    expect(challenge.text).toBe(`${createHash('sha256').update('ServiceOne1').digest('hex')}\n`)
    expectNothingArrived(gateway)
  })

  it('of Asana, whose secret goes back in its header and nowhere else', async () => {
    const answer = await post('/asana', '', [['X-Hook-Secret', HOOK]])
    expect([answer.status, one(answer, 'x-hook-secret'), answer.body.length]).toEqual([200, HOOK, 0])
    expect(JSON.stringify(await gateway.recordOf(answer))).not.toContain(HOOK)
    const headers: [string, string][] = [
      ['X-Hook-Signature', createHmac('sha256', HOOK).update('{}').digest('hex')],
    ]
    expectRefused(gateway, await post('/asana', '{}', headers), 401, 'signature_refused')
  })
})

describe('what is no handshake is refused and goes nowhere', () => {
  it.each([
    '/dropbox',
    '/dropbox?challenge=%3Cb%3E',
    '/dropbox?challenge=a&challenge=a',
    '/meta?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong',
    `/x-twitter?crc_token=${encodeURIComponent('{"a":1}')}`,
  ])('%s', async (target) => {
    const answer = await get(target)
    expectRefused(gateway, answer, 401, 'signature_refused')
    expect((await gateway.recordOf(answer)).reason).toMatch(/^[a-z-]+: the handshake is refused$/)
  })
})

describe('the passcode of Figma', () => {
  const event = (passcode: string, more = {}) =>
    JSON.stringify({ event_type: 'FILE_UPDATE', passcode, ...more })

  it('lets a delivery through once, and stands in no line of the log', async () => {
    const answer = await post('/figma', event(PASSCODE))
    expect(answer.status).toBe(200)
    const again = await post('/figma', event(PASSCODE))
    expect([again.status, again.headers.has('sallyport-duplicate-of')]).toEqual([200, true])
    expect(gateway.origin.requests.map(({ body }) => body.toString())).toEqual([event(PASSCODE)])
    for (const each of [answer, again])
      expect(JSON.stringify(await gateway.recordOf(each))).not.toContain('canary')
  })

  it.each([
    ['a wrong one', event('figma-passcode-canary-41c8'), 401],
    ['none', '{"event_type":"PING"}', 401],
    ['no JSON', 'figma-passcode-canary-41c8', 401],
    ['two', `{"passcode":"${PASSCODE}","passcode":"x"}`, 401],
    ['the right one in a body against the schema', JSON.stringify({ passcode: PASSCODE }), 422],
  ])('is refused without a 400: %s', async (_, body, status) => {
    const answer = await post('/figma', body)
    expect(answer.status).toBe(status)
    const record = JSON.stringify(await gateway.recordOf(answer))
    for (const told of [record, answer.text]) expect(told).not.toContain('canary')
    expectNothingArrived(gateway)
  })

  it('is refused without a 400 where the gateway has one: a query that no schema declares', async () => {
    const answer = await post('/figma?x=1', event(PASSCODE, { n: 1 }))
    expectRefused(gateway, answer, 422, 'query_not_declared')
  })
})
