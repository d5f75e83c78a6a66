import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { selfSigned } from '../../../src/testing/certificate.ts'
import { sign } from '../../../src/testing/index.ts'
import { filledBody } from '../../../src/testing/sample.ts'
import { awsSns, paypal } from '../../../src/webhooks/index.ts'
import {
  type AnyProvider,
  authenticate,
  type Incoming,
  mount,
  NOW,
  vectorFileOf,
  verdict,
} from './every/providers.ts'

const sns = awsSns as unknown as AnyProvider
const payPal = paypal as unknown as AnyProvider
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders'
const SUBSCRIBE = `https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=tkn`
const confirmation = {
  Type: 'SubscriptionConfirmation',
  TopicArn: TOPIC,
  Message: 'You have chosen to subscribe.',
  SubscribeURL: SUBSCRIBE,
  Token: 'tkn',
}

afterEach(() => void vi.unstubAllGlobals())

const bodyOf = (sent: Incoming) => JSON.parse(String(sent.body)) as Record<string, string>
const withBody = (sent: Incoming, change: Record<string, unknown>): Incoming => {
  const body = { ...bodyOf(sent), ...change }
  const headers = {
    ...sent.headers,
    'x-amz-sns-message-type': String(body.Type),
    'x-amz-sns-message-id': String(body.MessageId),
    'x-amz-sns-topic-arn': String(body.TopicArn),
  }
  return { ...sent, headers, body: JSON.stringify(body) }
}

describe('a message of SNS', () => {
  const SIGNED = [
    'Message',
    'MessageId',
    'Subject',
    'Timestamp',
    'TopicArn',
    'Type',
    'Signature',
    'SignatureVersion',
  ]

  it('is refused after 2,000 changes of what is signed', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    const sent = await deliver()
    const body = bodyOf(sent)
    let refused = 0
    const change = fc.record({
      name: fc.constantFrom(...SIGNED),
      at: fc.nat(),
      cut: fc.nat({ max: 2 }),
      any: fc.string({ unit: 'binary', maxLength: 2 }),
      visible: fc.string({ unit: 'grapheme-ascii', maxLength: 2 }),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ name, at, cut, any, visible }) => {
        const value = body[name] ?? ''
        // What a header repeats has to fit into one.
        const put = Object.values(sent.headers).includes(value) ? visible : any
        const i = at % (value.length + 1)
        const changed = value.slice(0, i) + put + value.slice(i + cut)
        fc.pre(changed !== value)
        // The headers follow, so that it is the signature that refuses.
        const bytes = JSON.stringify({ ...body, [name]: changed })
        const headers = Object.fromEntries(
          Object.entries(sent.headers).map(([header, old]) => [header, old === value ? changed : old]),
        )
        const mutant = { ...sent, headers, body: bytes }
        const result = await verdict(authenticator, mutant, env)
        expect(result).toMatch(/^signature_refused: /)
        refused++
      }),
      { numRuns: 2000 },
    )
    expect(refused).toBe(2000)
  }, 60_000)

  it('says what is not signed: it passes when that is changed', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    const sent = await deliver()
    const others = {
      MessageAttributes: {},
      UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?x',
      Added: 1,
    }
    const result = await authenticate(authenticator, withBody(sent, others), env)
    expect(result).toMatchObject({ ok: true, value: { principal: { covers: 'part' } } })
    const signed = result.ok && result.value.principal.signed
    expect(Object.keys(signed || {}).sort()).toEqual([
      'Message',
      'MessageId',
      'Subject',
      'Timestamp',
      'TopicArn',
      'Type',
    ])
  })

  it('cannot be cut anew: a text inside of the message stands for no other member', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    const { Subject, ...rest } = JSON.parse(filledBody(vectorFileOf('aws-sns').sample, NOW)) as Record<
      string,
      string
    >
    const Message = 'evil\nMessageId\nfake\nSubject\nother'
    const sent = await deliver({ body: JSON.stringify({ ...rest, Message }) })
    expect(await verdict(authenticator, sent, env)).toBe('accepted')
    const cut = { Message: 'evil', MessageId: 'fake', Subject: `other\nMessageId\n${bodyOf(sent).MessageId}` }
    expect(await verdict(authenticator, withBody(sent, cut), env)).toBe(
      'signature_refused: aws-sns: the body is not of its form',
    )
  })

  it('is known by its signed id', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    const sent = await deliver()
    const result = await authenticate(authenticator, sent, env)
    expect(result).toMatchObject({ value: { replay: { id: `id:${bodyOf(sent).MessageId}` } } })
  })

  it.each([
    ['is no object', '[]'],
    ['is no JSON', '{'],
    ['has a member twice', '{"Type":"Notification","Type":"Notification"}'],
    ['has no members', '{}'],
    ['is of the type of every object', '{"Type":"constructor"}'],
    ['is empty', ''],
  ])('is refused where its body %s', async (_, body) => {
    const { authenticator, deliver, env } = await mount(sns)
    expect(await verdict(authenticator, { ...(await deliver()), body }, env)).toMatch(/^signature_refused: /)
  })

  it('is refused with raw delivery, which has no signature', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    const sent = await deliver()
    const { 'x-amz-sns-message-type': _, ...headers } = sent.headers
    expect(await verdict(authenticator, { ...sent, headers }, env)).toMatch(/^signature_missing: /)
  })

  it.each([
    ['no topics', {}, /topics: /],
    ['an empty list', { topics: [] }, /topics: /],
    ['a name for an ARN', { topics: ['orders'] }, /topics: /],
    ['no name of a certificate', { topics: [TOPIC], certificate: '' }, /certificate: /],
    ['a secret', { topics: [TOPIC], secret: 'S' }, /secret: is not an option/],
  ])('stops the load with %s', (_, options, message) => {
    expect(() => sns({ unsafeBodyIsNotSigned: true, ...options })).toThrow(message)
  })
})

describe('a subscription to SNS', () => {
  async function subscribed(change: object, answer: () => Promise<Response>, meansLeft = 1000) {
    const { authenticator, deliver, env } = await mount(sns)
    const asked: { url: string; init: RequestInit | undefined }[] = []
    vi.stubGlobal('fetch', (url: unknown, init?: RequestInit) => {
      asked.push({ url: String(url), init })
      return answer()
    })
    const sent = await deliver({ body: JSON.stringify({ ...confirmation, ...change }) })
    const waiting: Promise<unknown>[] = []
    const means = {
      background: (work: Promise<unknown>) => void waiting.push(work),
      remainingMs: () => meansLeft,
    }
    const result = await authenticate(authenticator, sent, env, NOW, means)
    const said = result.ok ? (result.value.handshake?.status ?? 'goes on') : result.denial.code
    return { said, asked, waiting }
  }
  const yes = async () => new Response('<ConfirmSubscriptionResponse/>')

  it('is confirmed once it is verified, and answered here', async () => {
    const { said, asked, waiting } = await subscribed({}, yes)
    expect(said).toBe(200)
    expect(asked.map(({ url }) => url)).toEqual([SUBSCRIBE])
    expect(asked[0]?.init).toMatchObject({ redirect: 'manual' })
    expect(waiting).toHaveLength(1)
  })

  it('does not wait for an answer that does not come', async () => {
    const { said } = await subscribed({}, () => new Promise(() => undefined), 40)
    expect(said).toBe(200)
  })

  it.each<[string, () => Promise<Response>]>([
    ['says no', async () => new Response('', { status: 403 })],
    [
      'sends elsewhere',
      async () => new Response('', { status: 302, headers: { location: 'https://evil.test/' } }),
    ],
    ['breaks off', () => Promise.reject(new TypeError('no network'))],
  ])('is asked for again by SNS where it %s', async (_, answer) => {
    expect((await subscribed({}, answer)).said).toBe('issuer_unavailable')
  })

  it.each([
    ['another host', { SubscribeURL: SUBSCRIBE.replace('amazonaws.com', 'amazonaws.com.evil.test') }],
    ['a bucket by the name of sns', { SubscribeURL: SUBSCRIBE.replace('us-east-1', 's3-us-west-2') }],
    ['http', { SubscribeURL: SUBSCRIBE.replace('https', 'http') }],
    ['another action', { SubscribeURL: SUBSCRIBE.replace('ConfirmSubscription', 'DeleteTopic') }],
    ['one parameter more', { SubscribeURL: `${SUBSCRIBE}&AuthenticateOnUnsubscribe=true` }],
    ['the topic of another', { SubscribeURL: SUBSCRIBE.replace(':orders', ':other') }],
    ['another token', { Token: 'other' }],
    ['another path', { SubscribeURL: SUBSCRIBE.replace('.com/?', '.com/x?') }],
    [
      'a topic that the route does not list',
      { TopicArn: `${TOPIC}-2`, SubscribeURL: SUBSCRIBE.replace(':orders', ':orders-2') },
    ],
    ['a token with a line break', { Token: 'a\nb' }],
  ])('is not confirmed with %s, although it is signed', async (_, change) => {
    const { said, asked } = await subscribed(change, yes)
    expect(said).toBe('signature_refused')
    expect(asked).toEqual([])
  })

  it('is not confirmed when it is not signed', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    const stub = vi.fn(yes)
    vi.stubGlobal('fetch', stub)
    const sent = withBody(await deliver({ body: JSON.stringify(confirmation) }), { Message: 'Another one.' })
    expect(await verdict(authenticator, sent, env)).toMatch(/^signature_refused: /)
    expect(stub).not.toHaveBeenCalled()
  })

  it('tells neither its token nor its address to rules and records', async () => {
    const { authenticator, deliver, env } = await mount(sns)
    vi.stubGlobal('fetch', yes)
    const sent = await deliver({ body: JSON.stringify({ ...confirmation, Type: 'UnsubscribeConfirmation' }) })
    const result = await authenticate(authenticator, sent, env)
    expect(result.ok && result.value.handshake).toBe(undefined)
    expect(JSON.stringify(result.ok && result.value.principal)).not.toContain('tkn')
  })
})

describe('a delivery of PayPal', () => {
  it('passes with another body of the same CRC, which is why the body counts as not signed', async () => {
    const { authenticator, deliver, env } = await mount(payPal)
    const sent = await deliver({ body: '{"amount":"1.00"}' })
    const forged = withCrc(Buffer.from('{"amount":"9.00","x":"'), crc32(sent.body))
    expect(crc32(forged)).toBe(crc32(sent.body))
    const result = await authenticate(authenticator, { ...sent, body: forged }, env)
    expect(result).toMatchObject({ ok: true, value: { principal: { covers: 'part' } } })
    // It is the same delivery, so that it does nothing once the genuine one is done.
    const genuine = await authenticate(authenticator, sent, env)
    expect(result.ok && result.value.replay).toEqual(genuine.ok && genuine.value.replay)
  })

  it.each([
    ['api.paypal.com', 'live', true],
    ['api-m.paypal.com', 'live', true],
    ['api.sandbox.paypal.com', 'sandbox', true],
    ['api-m.sandbox.paypal.com', 'sandbox', true],
    ['api.sandbox.paypal.com', 'live', false],
    ['www.paypal.com', 'live', false],
    ['paypal.com', 'live', false],
    ['api.paypal.com.evil.test', 'live', false],
    ['evil.test', 'live', false],
    ['api.paypal.com@evil.test', 'live', false],
    ['api.paypal.com:8443', 'live', false],
    ['API.paypal.com', 'live', false],
  ])('may name a certificate at %s on a route for %s: %s', async (host, environment, ok) => {
    const { deliver, env } = await mount(payPal)
    const { options } = vectorFileOf('paypal').sample
    const authenticator = payPal({ unsafeBodyIsNotSigned: true, ...options, environment })
    const sent = await deliver()
    const url = `https://${host}/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270`
    const named = { ...sent, headers: { ...sent.headers, 'paypal-cert-url': url } }
    expect(await verdict(authenticator, named, env)).toMatch(ok ? /^accepted$/ : /^signature_refused: /)
  })

  it.each(['?x=1', '#x', '/../../other', '%2e%2e', '/'])(
    'may not name a certificate at an address that ends with %s',
    async (end) => {
      const { authenticator, deliver, env } = await mount(payPal)
      const sent = await deliver()
      const url = `${sent.headers['paypal-cert-url']}${end}`
      const named = { ...sent, headers: { ...sent.headers, 'paypal-cert-url': url } }
      expect(await verdict(authenticator, named, env)).toMatch(/^signature_refused: /)
    },
  )

  it('says that its webhook id is not set', async () => {
    const { authenticator, deliver, env } = await mount(payPal)
    const sent = await deliver()
    const bare = { ...env, PAYPAL_WEBHOOK_ID: undefined }
    expect(await verdict(authenticator, sent, bare)).toMatch(
      /^not_configured: paypal: PAYPAL_WEBHOOK_ID is not set/,
    )
  })
})

describe('a pinned certificate', () => {
  const judged = async (certificate: string | undefined, privateKey: string) => {
    const { provider, authenticator, env, sample } = await mount(sns)
    const sent = await sign(provider, { body: filledBody(sample, NOW), privateKey, now: NOW })
    return verdict(authenticator, sent, { ...env, SNS_CERTIFICATE: certificate })
  }

  it.each<[string, object, RegExp]>([
    ['is taken in its time', {}, /^accepted$/],
    [
      'has expired a second ago',
      { notAfter: '270115075959Z' },
      /^signature_refused: aws-sns: the certificate has expired/,
    ],
    ['is taken in its last second', { notAfter: '270115080000Z' }, /^accepted$/],
    [
      'is not valid yet',
      { notBefore: '270115080001Z' },
      /^signature_refused: aws-sns: the certificate is not valid yet/,
    ],
    ['has a key of 1,024 bits', { bits: 1024 }, /^not_configured: /],
  ])('%s', async (_, options, expected) => {
    const { certificate, privateKey } = await selfSigned(options)
    expect(await judged(certificate, privateKey)).toMatch(expected)
  })

  it('may stand before its issuers, on one line or with CRLF', async () => {
    const [own, issuer] = [await selfSigned(), await selfSigned()]
    expect(await judged(own.certificate + issuer.certificate, own.privateKey)).toBe('accepted')
    expect(await judged(issuer.certificate + own.certificate, own.privateKey)).toMatch(/^signature_refused: /)
    expect(await judged(own.certificate.replaceAll('\n', '\r\n'), own.privateKey)).toBe('accepted')
    expect(await judged(own.certificate.replaceAll('\n', ' '), own.privateKey)).toBe('accepted')
  })

  it('is none in another form, and the name is told', async () => {
    const { certificate, privateKey } = await selfSigned()
    for (const text of [
      undefined,
      'x',
      certificate.replaceAll('CERTIFICATE', 'PUBLIC KEY'),
      `x${certificate}`,
      `${certificate}x`,
      certificate.replace(/[A-Z](?=[^-]*-----END)/, '*'),
      certificate.repeat(5),
      `${certificate}${' '.repeat(16_384)}`,
    ]) {
      expect(await judged(text, privateKey)).toMatch(/^not_configured: aws-sns: SNS_CERTIFICATE /)
    }
  })
})

/** The text with four bytes behind it that give it the wanted CRC-32: what anybody can do. */
function withCrc(text: Buffer, wanted: number): Buffer {
  const bytes = [0, 0, 0, 0]
  const crcWith = () => crc32(Buffer.concat([text, Buffer.from(bytes)]))
  // CRC is linear over bits: each of the 32 bits changes the same bits of the result.
  const base = crcWith()
  const rows = Array.from({ length: 32 }, (_, bit) => {
    const at = bit >> 3
    bytes[at] = 1 << (bit & 7)
    const effect = (crcWith() ^ base) >>> 0
    bytes[at] = 0
    return { effect, bits: (1 << bit) >>> 0 }
  })
  let need = (wanted ^ base) >>> 0
  let chosen = 0
  for (let bit = 31; bit >= 0; bit--) {
    const at = rows.findIndex(({ effect }) => (effect >>> bit) & 1)
    const row = rows[at]
    if (!row) continue
    rows.splice(at, 1)
    for (const other of rows) {
      if (!((other.effect >>> bit) & 1)) continue
      other.effect = (other.effect ^ row.effect) >>> 0
      other.bits = (other.bits ^ row.bits) >>> 0
    }
    if ((need >>> bit) & 1) {
      need = (need ^ row.effect) >>> 0
      chosen = (chosen ^ row.bits) >>> 0
    }
  }
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(chosen)
  return Buffer.concat([text, tail])
}
