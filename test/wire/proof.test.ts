import { createVerifier, memorySeenSet, type Verdict } from 'sallyport/origin'
import { sign } from 'sallyport/testing'
import { github } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Fields } from './harness/framing.ts'
import { one, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectServing, mounts } from './harness/mounts.ts'
import type { RecordedRequest } from './harness/origin.ts'
import type { RawAnswer } from './harness/raw.ts'

type Received = { method: string; target: string; headers: Fields; body: Uint8Array }

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())

  const verify = (received: Received): Promise<Verdict> =>
    createVerifier({ authority: `127.0.0.1:${gateway.origin.port}`, keys: [secrets.PROOF_KEY] }).verify(
      received,
    )

  async function arrived(answer: RawAnswer): Promise<RecordedRequest> {
    expect(answer.status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
    return gateway.origin.requests[0] as RecordedRequest
  }
  const order = () =>
    gateway.call({
      method: 'POST',
      target: `${prefix}/orders/a-1`,
      headers: [['Content-Type', 'application/json; charset=utf-8']],
      body: '{ "quantity":2, "sku":"\\u00e9" }',
    })
  const kinds: Record<string, [route: string, ask: () => Promise<RawAnswer>]> = {
    'a signed delivery, byte for byte': [
      'github',
      async () => {
        const body = `{ "nonce" : "${crypto.randomUUID()}", "é": 1.0 }`
        const secret = secrets.GITHUB_WEBHOOK_SECRET
        return gateway.deliver(
          `${prefix}/webhooks/github`,
          await sign(github, { secret, event: 'push', body }),
        )
      },
    ],
    'a body that was written anew': ['orders', order],
    'a query that was built anew': [
      'search',
      () => gateway.call({ target: `${prefix}/search?limit=007&q=%61%20'b'` }),
    ],
    'a path with escapes': ['read', () => gateway.call({ target: `${prefix}/read/%7Ea%20b/%c3%a9;x=1/` })],
    'a HEAD request': ['either', () => gateway.call({ method: 'HEAD', target: `${prefix}/either` })],
    'a verbatim body without a type': [
      'verbatim',
      () =>
        gateway.call({ method: 'PUT', target: `${prefix}/verbatim`, body: Uint8Array.of(0, 255, 13, 10) }),
    ],
    'no body': ['verbatim', () => gateway.call({ method: 'DELETE', target: `${prefix}/verbatim` })],
  }

  it.each(Object.entries(kinds))(
    'what arrives verifies over its raw bytes: %s',
    async (_name, [route, ask]) => {
      const answer = await ask()
      const seen = await arrived(answer)
      const verdict = await verify(seen)
      expect(verdict).toMatchObject({
        ok: true,
        keyId: 'test',
        host: 'gw.test',
        route,
        id: one(answer, 'sallyport-id'),
      })
      if (verdict.ok && route === 'orders')
        expect(verdict.asserted).toMatchObject({ 'x-order': 'a-1', 'x-rank': 'gateway' })
      if (verdict.ok && route === 'github') {
        expect(verdict.asserted).toMatchObject({ 'sallyport-provider': 'github', 'sallyport-event': 'push' })
      }
    },
  )

  it('does not verify when one byte of what it covers changes', async () => {
    const seen = await arrived(await order())
    const covered = /\("([^)]*)"\)/.exec(seen.values('signature-input')[0] ?? '')?.[1]?.split('" "') ?? []
    const headers = covered.filter((name) => !name.startsWith('@'))
    expect(headers).toEqual(
      expect.arrayContaining([
        'content-digest',
        'content-type',
        'sallyport-client',
        'sallyport-host',
        'sallyport-id',
        'sallyport-route',
        'x-order',
        'x-rank',
      ]),
    )
    const withHeader = (name: string, change: (value: string) => string[]): Received => ({
      ...seen,
      headers: seen.headers.flatMap(([key, value]) =>
        key.toLowerCase() === name
          ? change(value).map((changed): [string, string] => [key, changed])
          : [[key, value] as [string, string]],
      ),
    })
    const flip = (text: string) => (text.startsWith('0') ? '1' : '0') + text.slice(1)
    const changed: [string, Received][] = [
      ['method', { ...seen, method: 'PUT' }],
      ['path', { ...seen, target: seen.target.replace('a-1', 'a-2') }],
      ['path spelling', { ...seen, target: seen.target.replace('a-1', '%61-1') }],
      ['query', { ...seen, target: `${seen.target}?x` }],
      ['body', { ...seen, body: Buffer.from(seen.body.toString().replace('2', '3')) }],
      ['body end', { ...seen, body: Buffer.concat([seen.body, Buffer.from(' ')]) }],
      ['no body', { ...seen, body: Buffer.alloc(0) }],
      ['a twin', { ...seen, headers: [...seen.headers, ['X_Order', 'b']] }],
      ...[...headers, 'signature', 'signature-input'].flatMap((name): [string, Received][] => [
        [`${name} changed`, withHeader(name, (value) => [flip(value)])],
        [`${name} missing`, withHeader(name, () => [])],
        [`${name} twice`, withHeader(name, (value) => [value, value])],
      ]),
    ]
    expect(changed.length).toBeGreaterThan(35)
    const accepted: string[] = []
    for (const [name, received] of changed) if ((await verify(received)).ok) accepted.push(name)
    expect(accepted).toEqual([])
    expect((await verify(seen)).ok).toBe(true)
  })

  it('does not verify for another origin, with another key, later, or twice', async () => {
    const seen = await arrived(await order())
    const authority = `127.0.0.1:${gateway.origin.port}`
    const keys = [secrets.PROOF_KEY]
    const other = `test:hmac-sha256:${Buffer.alloc(32, 7).toString('base64')}`
    expect((await createVerifier({ authority: 'other.test', keys }).verify(seen)).ok).toBe(false)
    expect((await createVerifier({ authority, keys: [other] }).verify(seen)).ok).toBe(false)
    expect((await createVerifier({ authority, keys }).verify(seen, Date.now() + 62_000)).ok).toBe(false)
    const once = createVerifier({ authority, keys, seen: memorySeenSet({ maxEntries: 10 }) })
    expect([(await once.verify(seen)).ok, (await once.verify(seen)).ok]).toEqual([true, false])
  })

  it('is not made for a route in report mode, nor kept from a client that brings one along', async () => {
    const proven = await arrived(await order())
    gateway.origin.clear()
    const own = /^(host|content-length|connection)$/i
    const headers = proven.headers.filter(([name]) => !own.test(name))
    const answer = await gateway.call({
      method: 'POST',
      target: `${prefix}/watched`,
      headers,
      body: proven.body,
    })
    const seen = await arrived(answer)
    expect(seen.headers.filter(([name]) => name.toLowerCase().startsWith('sallyport'))).toEqual([])
    expect((await verify(seen)).ok).toBe(false)
  })
})
