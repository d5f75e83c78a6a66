import { sign } from 'sallyport/testing'
import { github } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectServing, mounts } from './harness/mounts.ts'
import type { RecordedRequest } from './harness/origin.ts'
import type { RawRequest } from './harness/raw.ts'
import {
  ADDRESS_HEADERS,
  HOP_HEADERS,
  IDENTITY_HEADERS,
  spellings,
  TARGET_HEADERS,
} from './harness/spoofed.ts'

/** Within the hundred header names that a request may have. */
const NAMES_A_REQUEST = 10

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())

  async function arrived(headers: RawRequest['headers'], target = '/read/x'): Promise<RecordedRequest> {
    gateway.origin.clear()
    expect((await gateway.call({ target: prefix + target, headers })).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
    return gateway.origin.requests[0] as RecordedRequest
  }
  async function deliver(headers: [string, string][]): Promise<RecordedRequest> {
    gateway.origin.clear()
    const body = JSON.stringify({ nonce: crypto.randomUUID() })
    const signed = await sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body })
    expect((await gateway.deliver(`${prefix}/webhooks/github`, signed, headers)).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
    return gateway.origin.requests[0] as RecordedRequest
  }

  const ways = {
    'an open route': (headers: [string, string][]) => arrived(headers),
    'a signed route': deliver,
    'a route in report mode': (headers: [string, string][]) => arrived(headers, '/watched'),
  }
  const families = {
    'about the address': ADDRESS_HEADERS,
    'about the target': TARGET_HEADERS,
    'about the caller': IDENTITY_HEADERS,
    'of the hop': HOP_HEADERS,
  }
  describe.each(Object.entries(ways))('%s', (_way, arrive) => {
    it.each(Object.entries(families))('strips every header %s, in every spelling', async (_family, names) => {
      const leaked: string[] = []
      for (let at = 0; at < names.length; at += NAMES_A_REQUEST) {
        const sent = names.slice(at, at + NAMES_A_REQUEST).flatMap(spellings)
        const seen = await arrive(sent.map((name) => [name, 'forged']))
        leaked.push(...seen.headers.filter(([, value]) => value.includes('forged')).map(([name]) => name))
      }
      expect(leaked).toEqual([])
    })
  })

  it.each([
    'Content_Type',
    'Content_Encoding',
    'Content_Length',
    'Transfer_Encoding',
    'X_GitHub_Event',
    'X.GitHub.Event',
  ])('strips the twin %s of a header that it decided on', async (name) => {
    const value = name === 'Content_Length' ? '0' : name.startsWith('X') ? 'organization' : 'gzip'
    const seen = await deliver([[name, value]])
    expect(seen.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase())).toEqual([])
  })

  it('writes each header of its own once, whatever the client sent under that name', async () => {
    const own = [
      'Sallyport-Id',
      'Sallyport-Route',
      'Sallyport-Host',
      'Sallyport-Client',
      'Traceparent',
      'Host',
    ]
    const twice = [...own.slice(0, -1), 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto'].flatMap(
      (name): [string, string][] => [
        [name, 'forged'],
        [name.toLowerCase(), 'forged'],
      ],
    )
    const seen = await arrived(twice)
    expect(seen.values('sallyport-route')).toEqual(['read'])
    expect(seen.values('sallyport-host')).toEqual(['gw.test'])
    expect(seen.values('sallyport-client')).toEqual(['127.0.0.1'])
    expect(seen.values('x-forwarded-for')).toEqual(['127.0.0.1'])
    expect(seen.values('x-forwarded-host')).toEqual(['gw.test'])
    expect(seen.values('x-forwarded-proto')).toEqual(['http'])
    expect(seen.values('host')).toEqual([`127.0.0.1:${gateway.origin.port}`])
    for (const name of ['sallyport-id', 'traceparent', 'signature', 'signature-input', 'content-digest']) {
      expect(seen.values(name)).toHaveLength(1)
    }
  })

  it('lets no client stand in for a header that a route asserts', async () => {
    const answer = await gateway.call({
      method: 'POST',
      target: `${prefix}/orders/a-1`,
      headers: [
        ['Content-Type', 'application/json'],
        ...spellings('X-Order').map((name): [string, string] => [name, 'forged']),
        ...spellings('X-Rank').map((name): [string, string] => [name, 'forged']),
      ],
      body: '{"sku":"a","quantity":1}',
    })
    expect(answer.status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen?.values('x-order')).toEqual(['a-1'])
    expect(seen?.values('x-rank')).toEqual(['gateway'])
    expect(seen?.head.toString()).not.toContain('forged')
  })

  it('counts and guards a client by its peer, not by a header', async () => {
    for (const name of ['CF-Connecting-IP', 'X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'True-Client-IP']) {
      const value = name === 'Forwarded' ? 'for=203.0.113.7' : '203.0.113.7'
      const answer = await gateway.call({ target: `${prefix}/admin/x`, headers: [[name, value]] })
      expect(answer.status).toBe(403)
    }
    expect(gateway.origin.requests).toEqual([])
  })

  it('passes on what is the client’s own: signature, Authorization, Cookie and plain headers', async () => {
    const own: [string, string][] = [
      ['Authorization', 'Bearer own.token'],
      ['Cookie', 'session=own; theme=dark'],
      ['X-Api-Key', 'own-key'],
      ['X-Request-Id', 'own-id'],
      ['X-Useful', 'own'],
      ['Idempotency-Key', 'own-idempotency'],
      ['Accept', 'application/json'],
      ['Accept-Language', 'de'],
      ['User-Agent', 'own/1'],
      ['If-None-Match', '"own"'],
    ]
    const seen = await deliver(own)
    for (const [name, value] of own) expect(seen.values(name.toLowerCase())).toEqual([value])
    expect(seen.values('x-github-event')).toEqual(['push'])
    expect(seen.values('x-github-delivery')).toHaveLength(1)
    expect(seen.values('x-hub-signature-256')[0]).toMatch(/^sha256=[0-9a-f]{64}$/)
  })

  it('keeps a client’s own message signature beside the proof, and drops one under the label of the proof', async () => {
    const seen = await arrived([
      ['Signature-Input', 'own=("@method");created=1;keyid="k"'],
      ['Signature', 'own=:YQ==:'],
    ])
    expect(seen.values('signature')[0]).toMatch(/^own=:YQ==:, sallyport=:[A-Za-z0-9+/]+=*:$/)
    const forged = await arrived([
      ['Signature-Input', 'sallyport=("@method");created=1;keyid="test"'],
      ['Signature', 'sallyport=:YQ==:'],
    ])
    expect(forged.values('signature')[0]).toMatch(/^sallyport=:[A-Za-z0-9+/]{43}=:$/)
  })
})

describe('behind Cloudflare', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({
      entry: 'test/wire/workers/alone.ts',
      bindings: { TRUST: 'cloudflare' },
    })
  })
  afterEach(() => expectServing(gateway, ''))
  afterAll(() => gateway?.close())

  it('believes CF-Connecting-IP, tells the origin that one address, and guards by it', async () => {
    const headers: [string, string][] = [
      ['CF-Connecting-IP', '203.0.113.7'],
      ['X-Forwarded-For', '198.51.100.1'],
      ['True-Client-IP', '198.51.100.1'],
    ]
    expect((await gateway.call({ target: '/admin/x', headers })).status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen?.values('x-forwarded-for')).toEqual(['203.0.113.7'])
    expect(seen?.values('sallyport-client')).toEqual(['203.0.113.7'])
    expect(seen?.values('cf-connecting-ip')).toEqual([])
  })

  it.each([
    ['two addresses', '203.0.113.7, 203.0.113.7'],
    ['an address with a port', '203.0.113.7:80'],
    ['no address', 'localhost'],
    ['an address in octal', '0313.0.113.7'],
  ])('believes no CF-Connecting-IP of %s', async (_name, value) => {
    const answer = await gateway.call({ target: '/admin/x', headers: [['CF-Connecting-IP', value]] })
    expect(answer.status).toBe(403)
    expect(gateway.origin.requests).toEqual([])
  })

  it('knows no client without CF-Connecting-IP, and lets an unknown one past no allow list', async () => {
    const answer = await gateway.call({ target: '/admin/x', headers: [['X-Real-IP', '203.0.113.7']] })
    expect(answer.status).toBe(403)
    expect((await gateway.call({ target: '/read/x' })).status).toBe(200)
    expect(gateway.origin.requests[0]?.values('x-forwarded-for')).toEqual([])
    expect(gateway.origin.requests[0]?.values('sallyport-client')).toEqual([])
  })
})
