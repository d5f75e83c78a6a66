import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type SignOptions, sign } from 'sallyport/testing'
import { awsSns, plaid } from 'sallyport/webhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Certified, selfSigned } from '../../src/testing/certificate.ts'
import { one, startGateway, type TestGateway } from './harness/gateway.ts'

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Asked {
  /** Host and path, without `https://`. */
  address: string
  method: string
  headers: IncomingMessage['headers']
  body: string
}
type Answer = (response: ServerResponse, asked: Asked) => void

let asked: Asked[] = []
let answer: Answer
let gateway: TestGateway
let own: Certified
let serial = 0
const open = new Set<ServerResponse>()

const outside = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const { url = '', method = '', headers } = request
  const now = { address: url.slice(1), method, headers, body }
  asked.push(now)
  open.add(response)
  answer(response, now)
})

beforeAll(async () => {
  await new Promise<void>((listening) => outside.listen(0, '127.0.0.1', listening))
  own = await selfSigned()
  gateway = await startGateway({
    entry: 'test/wire/workers/certificate-fetch.ts',
    bindings: {
      OUTSIDE_URL: `http://127.0.0.1:${(outside.address() as AddressInfo).port}`,
      PLAID_CLIENT_ID: 'plaid-client-canary-1a2b',
      PLAID_SECRET: 'plaid-secret-canary-3c4d',
    },
  })
})
afterAll(async () => {
  await gateway?.close()
  outside.closeAllConnections()
  outside.close()
})
beforeEach(async () => {
  // A new isolate, which knows no key.
  await gateway.workerd.restart()
  for (const response of open) response.destroy()
  open.clear()
  asked = []
  gateway.origin.clear()
  answer = (response) => response.end(own.certificate)
})

const certificateUrl = (name: string) =>
  `https://sns.us-east-1.amazonaws.com/SimpleNotificationService-${name}.pem`

/** Sends a signed message that names a certificate. */
async function deliver(
  options: { name?: string; url?: string; by?: Certified; path?: string; body?: object; now?: number } = {},
) {
  const { name = '1', url = certificateUrl(name), by = own, path = '/webhooks/aws-sns', body } = options
  const message = { Type: 'Notification', TopicArn: TOPIC, Message: 'hello', SigningCertURL: url, ...body }
  const signed = await sign(awsSns, {
    body: JSON.stringify({ MessageId: `id-${process.pid}-${++serial}`, ...message }),
    privateKey: by.privateKey,
    contentType: 'text/plain; charset=UTF-8',
    ...(options.now !== undefined && { now: options.now }),
  })
  return gateway.deliver(path, signed)
}

/** The fault is remembered for a second; half a minute back, however slow this machine is. */
const stand = () => gateway.door('/', -30_000)

const reasonOf = async (response: Awaited<ReturnType<typeof deliver>>) =>
  (await gateway.recordOf(response)).reason

describe('the certificate of an SNS message', () => {
  it('is fetched once, and its messages reach the origin', async () => {
    for (const _ of [1, 2, 3]) expect((await deliver()).status).toBe(200)
    expect(asked.map(({ address }) => address)).toEqual([certificateUrl('1').slice('https://'.length)])
    expect(gateway.origin.requests).toHaveLength(3)
    expect((await deliver({ by: await selfSigned() })).status).toBe(401)
    expect(asked).toHaveLength(1)
  })

  it('is fetched once for messages that come together', async () => {
    answer = (response) => void setTimeout(() => response.end(own.certificate), 200)
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => deliver()))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['another host', 'https://evil.test/SimpleNotificationService-1.pem'],
    ['a bucket by the name of sns', 'https://sns.s3-us-west-2.amazonaws.com/1.pem'],
    ['http', 'http://sns.us-east-1.amazonaws.com/1.pem'],
    ['a query', 'https://sns.us-east-1.amazonaws.com/?Action=Publish&x=.pem'],
  ])('is not asked for at %s', async (_, url) => {
    const response = await deliver({ url })
    expect(response.status).toBe(401)
    expect(await reasonOf(response)).toBe('aws-sns: SigningCertURL is not at SNS')
    expect(asked).toEqual([])
  })

  it.each<[string, Answer, string]>([
    [
      'a redirect',
      (response) => response.writeHead(302, { location: '/elsewhere.pem' }).end(),
      'the certificate: the answer has status 302',
    ],
    ['a refusal', (response) => response.writeHead(403).end(), 'the certificate: the answer has status 403'],
    [
      'more than 16 KiB',
      (response) => response.end(' '.repeat(20_000)),
      'the certificate: more than 16384 bytes were sent',
    ],
    [
      'more than 16 KiB without an end',
      (response) => void response.write('x'.repeat(20_000)),
      'the certificate: more than 16384 bytes were sent',
    ],
    [
      'no certificate',
      (response) => response.end('<Error/>'),
      'the certificate: no PEM certificate with an RSA key of 2,048 bits or more',
    ],
    ['a broken connection', (response) => response.destroy(), 'the certificate: cannot be reached'],
    ['silence for 5 s', () => undefined, 'the certificate: no answer in time'],
    [
      'silence after the head',
      (response) => response.writeHead(200).flushHeaders(),
      'the certificate: no answer in time',
    ],
  ])('cannot be had from %s: 503, and no new try at once', async (_, given, reason) => {
    answer = given
    const response = await deliver()
    expect(response.status).toBe(503)
    expect(Number(one(response, 'retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await reasonOf(response)).toBe(`aws-sns: ${reason}`)
    await stand()
    const again = await deliver()
    expect(again.status).toBe(503)
    expect(asked).toHaveLength(1)
    expect(gateway.origin.requests).toEqual([])
    answer = (other) => other.end(own.certificate)
    await gateway.door('/', 2 * MINUTE)
    expect((await deliver({ now: Date.now() + 2 * MINUTE })).status).toBe(200)
  })

  it('is waited for no longer than the deadline, and is there for the next try', async () => {
    const begun = Promise.withResolvers<ServerResponse>()
    answer = (response) => begun.resolve(response)
    const response = await deliver({ path: '/webhooks/impatient' })
    ;(await begun.promise).end(own.certificate)
    expect(response.status).toBe(503)
    expect(await reasonOf(response)).toBe('aws-sns: the certificate: is being fetched')
    // The slow fetch goes on without its request; the other route waits for what it finds.
    expect((await deliver()).status).toBe(200)
    expect(asked).toHaveLength(1)
  })

  it('is refused when it has expired', async () => {
    const expired = await selfSigned({ notAfter: '260101000000Z' })
    answer = (response) => response.end(expired.certificate)
    const response = await deliver({ by: expired })
    expect(response.status).toBe(401)
    expect(await reasonOf(response)).toBe('aws-sns: the certificate has expired')
  })

  it('is looked at again after half a day without a wait, and stands for a day while SNS is down', async () => {
    expect((await deliver()).status).toBe(200)
    answer = (response) => response.destroy()
    await gateway.door('/', 13 * HOUR)
    expect((await deliver({ now: Date.now() + 13 * HOUR })).status).toBe(200)
    await expect.poll(() => asked.length).toBe(2)
    await gateway.door('/', 12 * HOUR)
    expect((await deliver({ now: Date.now() + 25 * HOUR })).status).toBe(503)
  })

  it('is asked for four times at once for names that nobody knows, and then once in 5 s', async () => {
    answer = (response) => response.writeHead(404).end()
    const statuses: number[] = []
    const began = Date.now()
    for (let at = 0; at < 20; at++) statuses.push((await deliver({ name: `f${at}` })).status)
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(asked.length).toBeGreaterThanOrEqual(4)
    expect(asked.length).toBeLessThanOrEqual(4 + Math.ceil((Date.now() - began) / 5000))
  })

  it('is not asked for by a stranger to the topics', async () => {
    const response = await deliver({ body: { TopicArn: `${TOPIC}-2` } })
    expect(response.status).toBe(401)
    expect(asked).toEqual([])
  })
})

describe('a subscription', () => {
  it('is confirmed by one GET, answered with 200 and kept from the origin', async () => {
    answer = (response, { address }) => response.end(address.endsWith('.pem') ? own.certificate : '<ok/>')
    const query = `Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=subscription-token-canary-77`
    const SubscribeURL = `https://sns.us-east-1.amazonaws.com/?${query}`
    const body = { Type: 'SubscriptionConfirmation', Token: 'subscription-token-canary-77', SubscribeURL }
    const response = await deliver({ body })
    expect(response.status).toBe(200)
    expect(asked.map(({ method, address }) => [method, address])).toEqual([
      ['GET', certificateUrl('1').slice('https://'.length)],
      ['GET', SubscribeURL.slice('https://'.length)],
    ])
    expect(gateway.origin.requests).toEqual([])
    expect((await gateway.recordOf(response)).decision).toBe('handshake')
    expect(gateway.workerd.lines.join('\n')).not.toContain('canary-77')
  })
})

describe('the key of a Plaid webhook', () => {
  interface Signer {
    privateKey: string
    publicKey: KeyObject
  }
  const newSigner = (): Signer => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return { publicKey, privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64') }
  }
  const signer = newSigner()
  const jwk = (more: object = {}) => ({
    key: {
      ...signer.publicKey.export({ format: 'jwk' }),
      alg: 'ES256',
      use: 'sig',
      kid: 'test-key-1',
      expired_at: null,
      ...more,
    },
    request_id: 'r1',
  })
  const send = async (by = signer, more: Partial<SignOptions> = {}) =>
    gateway.deliver(
      '/webhooks/plaid',
      await sign(plaid, { body: `{"item_id":"${++serial}"}`, privateKey: by.privateKey, ...more }),
    )

  it('is asked for once with the client id and the secret, which stand nowhere else', async () => {
    answer = (response) => response.end(JSON.stringify(jwk()))
    for (const _ of [1, 2, 3]) expect((await send()).status).toBe(200)
    expect((await send(newSigner())).status).toBe(401)
    expect(asked).toHaveLength(1)
    const [{ address, method, body } = { address: '', method: '', body: '{}' }] = asked
    expect([method, address]).toEqual(['POST', 'production.plaid.com/webhook_verification_key/get'])
    expect(JSON.parse(body)).toEqual({
      client_id: 'plaid-client-canary-1a2b',
      secret: 'plaid-secret-canary-3c4d',
      key_id: 'test-key-1',
    })
    expect(gateway.workerd.lines.join('\n')).not.toMatch(/canary-(?:1a2b|3c4d)/)
  })

  it('is refused after its end, once Plaid has told of it', async () => {
    answer = (response) => response.end(JSON.stringify(jwk()))
    expect((await send()).status).toBe(200)
    answer = (response) => response.end(JSON.stringify(jwk({ expired_at: Math.floor(Date.now() / 1000) })))
    await gateway.door('/', 61 * MINUTE)
    const now = Date.now() + 61 * MINUTE
    // The first one after the hour decides by what is known, and asks.
    expect((await send(signer, { now })).status).toBe(200)
    await expect.poll(async () => (await send(signer, { now })).status).toBe(401)
    expect(asked).toHaveLength(2)
  })

  it.each<[string, number, object, number]>([
    ['that Plaid does not know', 400, { error_code: 'INVALID_WEBHOOK_VERIFICATION_KEY_ID' }, 401],
    ['for which our secret is wrong', 400, { error_code: 'INVALID_API_KEYS' }, 503],
    ['while Plaid is down', 500, {}, 503],
    ['that comes under another name', 200, jwk({ kid: 'other' }), 401],
    ['that is none of ES256', 200, jwk({ alg: 'RS256' }), 503],
  ])('%s: status %i', async (_, status, document, expected) => {
    answer = (response) => response.writeHead(status).end(JSON.stringify(document))
    const first = await send()
    expect(first.status).toBe(expected)
    await stand()
    expect((await send()).status).toBe(expected)
    expect(asked).toHaveLength(1)
  })

  it('is asked for twice at once for names that nobody knows, and then once in 30 s', async () => {
    answer = (response) => response.writeHead(400).end('{"error_code":"INVALID_WEBHOOK_VERIFICATION_KEY_ID"}')
    const rename = async (kid: string) => {
      const signed = await sign(plaid, { body: '{}', privateKey: signer.privateKey })
      const [, ...rest] = (signed.headers['plaid-verification'] ?? '').split('.')
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid })).toString('base64url')
      const headers = { ...signed.headers, 'plaid-verification': [header, ...rest].join('.') }
      return (await gateway.deliver('/webhooks/plaid', { ...signed, headers })).status
    }
    const statuses: number[] = []
    const began = Date.now()
    for (let at = 0; at < 10; at++) statuses.push(await rename(`kid-${at}`))
    expect(asked.length).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - began) / 30_000))
    expect(statuses.slice(0, 2)).toEqual([401, 401])
    expect(statuses).toContain(503)
    // Each half minute gives one place back.
    await gateway.door('/', 31_000)
    const before = asked.length
    await rename('kid-a')
    expect(asked).toHaveLength(before + 1)
  })
})
