import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { HOST, one, startGateway, type TestGateway } from './harness/gateway.ts'
import { openSocket } from './harness/raw.ts'

// What only raw bytes show: queries as they were written, and bodies that take their time.

const SECRET = 'bytes-secret-canary-71c2'
const route = (name: string, more: object = {}) => ({ name, options: { secret: 'BYTES', ...more } })
let gateway: TestGateway
beforeAll(async () => {
  const routes = [
    route('zendesk', { tolerance: '3 s' }),
    route('hubspot-v2'),
    route('square'),
    route('trello'),
  ]
  gateway = await startGateway({
    entry: 'test/wire/workers/providers.ts',
    bindings: { BYTES: SECRET, ROUTES: JSON.stringify(routes) },
  })
})
afterAll(() => gateway?.close())
beforeEach(() => gateway.origin.clear())

const JSON_TYPE: [string, string] = ['Content-Type', 'application/json']

it('a copy whose head came first and whose body trickles is a copy, long after its time has run out', async () => {
  const body = '{"id":1}'
  const time = new Date().toISOString().replace(/\.\d+Z/, 'Z')
  const signature = createHmac('sha256', SECRET)
    .update(time + body)
    .digest('base64')
  const headers: [string, string][] = [
    JSON_TYPE,
    ['X-Zendesk-Webhook-Signature', signature],
    ['X-Zendesk-Webhook-Signature-Timestamp', time],
  ]
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const copy = await openSocket(gateway.workerd.port)
  copy.write(
    `POST /webhooks/zendesk HTTP/1.1\r\nHost: ${HOST}\r\n${head}Content-Length: ${body.length}\r\n\r\n`,
  )
  await new Promise((resolve) => setTimeout(resolve, 200))
  const first = await gateway.call({ method: 'POST', target: '/webhooks/zendesk', headers, body })
  expect(first.status).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 8000))
  copy.write(body)
  const late = await copy.readAnswer({ timeoutMs: 10_000 })
  expect([late.status, one(late, 'sallyport-duplicate-of')]).toEqual([200, expect.any(String)])
  expect(gateway.origin.requests).toHaveLength(1)
})

it.each([
  ['square', "?name=O'Brien", 'sha256', 'base64', 'x-square-hmacsha256-signature', true],
  ['trello', "?board=it's", 'sha1', 'base64', 'x-trello-webhook', false],
] as const)(
  '%s: an apostrophe in a signed query is signed as it was sent',
  async (name, search, hash, digest, header, urlFirst) => {
    const target = `/webhooks/${name}${search}`
    const body = `{"id":"${name}"}`
    const url = `http://${HOST}${target}`
    const signature = createHmac(hash, SECRET)
      .update(urlFirst ? url + body : body + url)
      .digest(digest)
    const answer = await gateway.call({
      method: 'POST',
      target,
      headers: [JSON_TYPE, [header, signature]],
      body,
    })
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
    const escaped = createHmac(hash, SECRET)
      .update(urlFirst ? url.replace("'", '%27') + body : body + url.replace("'", '%27'))
      .digest(digest)
    const other = await gateway.call({
      method: 'POST',
      target,
      headers: [JSON_TYPE, [header, escaped]],
      body,
    })
    expect(other.status).toBe(401)
  },
)

it('hubspot-v2: the same, where method and URL are hashed', async () => {
  const target = "/webhooks/hubspot-v2?name=O'Brien"
  const body = '[{"eventId":1}]'
  const signature = createHash('sha256').update(`${SECRET}POSThttp://${HOST}${target}${body}`).digest('hex')
  const headers: [string, string][] = [
    JSON_TYPE,
    ['X-HubSpot-Signature', signature],
    ['X-HubSpot-Signature-Version', 'v2'],
  ]
  expect((await gateway.call({ method: 'POST', target, headers, body })).status).toBe(200)
})
