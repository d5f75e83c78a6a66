import { describe, expect, test } from 'vitest'
import { statusOf } from '../../../../src/denials.ts'
import { filledBody } from '../../../../src/testing/sample.ts'
import { signCanonical } from '../../../../src/testing/sign-canonical.ts'
import { signEmbedded } from '../../../../src/testing/sign-embedded.ts'
import { signHeaders } from '../../../../src/testing/sign-headers.ts'
import type { TimeUnit } from '../../../../src/webhooks/clock.ts'
import type { Scheme, WebhookAuthenticator } from '../../../../src/webhooks/index.ts'
import {
  type AnyProvider,
  authenticate,
  everyProvider,
  type Incoming,
  type Mounted,
  mount,
  NOW,
  SECRET_NAME,
} from './providers.ts'

/** Where the signature, or the secret, stands in a body. */
const IN_BODY: Readonly<Record<string, RegExp>> = {
  'adyen-payments': /(?<="hmacSignature":")[^"]+(?=")/,
  'aws-sns': /(?<="Signature":")[^"]+(?=")/,
  braintree: /(?<=bt_signature=[^&]*(?:%7C|\|))[0-9a-f]{40}/,
  'dropbox-sign': /(?<="event_hash":")[^"]+(?=")/,
  figma: /(?<="passcode":")[^"]+(?=")/,
  mailgun: /(?<="signature":")[^"]+(?=")/,
}

/** Other spellings that say the same: a list with one signature twice, and a form, which is unescaped before it is read. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  pagerduty: ['repeated without a space'],
  braintree: ['escaped for a URL'],
}

/** SNS and PayPal write a date that no clock of a test can spell wrongly: certificates.test.ts changes it. */
const DATES = ['aws-sns', 'paypal']

const swapCase = (text: string) =>
  text.replaceAll(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )

const parts: readonly (readonly [string, (text: string) => string])[] = [
  ['empty', () => ''],
  ['repeated', (text) => `${text}, ${text}`],
  ['repeated without a space', (text) => `${text},${text}`],
  ['over-long', (text) => text + text.repeat(Math.ceil(8192 / text.length))],
  ['long with a wrong end', (text) => text + 'a'.repeat(8192)],
  ['not ASCII', (text) => `${text.slice(0, -1)}é`],
  ['not ASCII at the front', (text) => `é${text}`],
  ['with a no-break space', (text) => `${text}\xa0`],
  ['in the other case', swapCase],
  ['escaped for a URL', (text) => [...text].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')],
  ['in base64 once more', (text) => Buffer.from(text).toString('base64')],
  ['in hex once more', (text) => Buffer.from(text).toString('hex')],
  ['in quotes', (text) => `"${text}"`],
  ['with padding too much', (text) => `${text}=`],
  ['cut by one at the end', (text) => text.slice(0, -1)],
  ['cut by one at the front', (text) => text.slice(1)],
  ['cut by half', (text) => text.slice(0, text.length / 2)],
]

async function expectRefused(
  { scheme }: Pick<AnyProvider, 'scheme'>,
  authenticator: WebhookAuthenticator,
  incoming: Incoming,
  env: Readonly<Record<string, unknown>>,
  now = NOW,
): Promise<void> {
  const result = await authenticate(authenticator, incoming, env, now)
  expect(result.ok).toBe(false)
  if (result.ok) return
  expect(result.denial.code).toMatch(/^signature_(?:refused|missing)$/)
  expect(statusOf(result.denial, authenticator.refusalStatuses)).toBe(scheme.refusalStatus ?? 401)
}

async function expectAccepted(...request: Parameters<typeof authenticate>): Promise<void> {
  expect(await authenticate(...request)).toMatchObject({ ok: true })
}

const unsignedOf = async (name: string): Promise<readonly string[]> =>
  (await import(`../../../../src/webhooks/providers/${name}.ts`)).facts.unsigned ?? []

describe.each(everyProvider)('%s', (name, provider) => {
  const place = IN_BODY[name]

  test.each(parts.filter(([title]) => !SAME[name]?.includes(title)))(
    'refuses what it rests on, %s',
    async (_, change) => {
      const { authenticator, deliver, env } = await mount(provider)
      const sent = await deliver({ id: 'msg_1' })
      await expectAccepted(authenticator, sent, env)
      const unsigned = await unsignedOf(name)
      const names = Object.keys(sent.headers).filter(
        (one) => one !== 'content-type' && !unsigned.includes(one),
      )
      expect(names.length > 0 || place !== undefined).toBe(true)
      for (const header of names) {
        const value = sent.headers[header] ?? ''
        // A count has no case.
        if (change(value) === value) continue
        const headers = { ...sent.headers, [header]: change(value) }
        await expectRefused(provider, authenticator, { ...sent, headers }, env)
      }
      if (place === undefined) return
      expect(sent.body).toMatch(place)
      const body = sent.body.replace(place, (text) => change(text).replaceAll('"', '\\"'))
      expect(body).not.toBe(sent.body)
      await expectRefused(provider, authenticator, { ...sent, body }, env)
    },
  )

  test('refuses what it rests on, missing', async () => {
    const { authenticator, deliver, env } = await mount(provider)
    const sent = await deliver({ id: 'msg_1' })
    const unsigned = await unsignedOf(name)
    for (const header of Object.keys(sent.headers)) {
      if (header === 'content-type' || unsigned.includes(header)) continue
      const { [header]: _, ...headers } = sent.headers
      await expectRefused(provider, authenticator, { ...sent, headers }, env)
    }
    const named = /"(?:hmacSignature|Signature|event_hash|passcode|signature)"(?=:"[^"]+")|bt_signature(?==)/
    if (place !== undefined)
      await expectRefused(provider, authenticator, { ...sent, body: sent.body.replace(named, '"x"') }, env)
  })
})

type Timed = { by: { time: { unit?: TimeUnit; header?: string; item?: string; body?: string } } }

/** Signs whatever stands in the place of the time: the signers themselves check no option. */
async function forge(
  { provider: { scheme }, sample, env, privateKey }: Mounted,
  time: string,
): Promise<Incoming> {
  const { proof, name, content, topicHeader } = scheme
  const { by } = proof as unknown as Timed
  // Of this unit a time is written as it is.
  const asGiven = { ...proof, by: { ...by, time: { ...by.time, unit: 'ms' } } } as never
  const signer = { embedded: signEmbedded, canonical: signCanonical }[proof.kind] ?? signHeaders
  const secret = env[SECRET_NAME]
  return signer(asGiven, {
    name,
    method: sample.method ?? 'POST',
    url: `https://gateway.test/webhooks/${name}`,
    headers: {
      'content-type': sample.contentType ?? content?.[0]?.mediaType ?? 'application/json',
      ...(topicHeader !== undefined && { [topicHeader]: sample.event ?? '' }),
      ...sample.headers,
    },
    body: filledBody(sample, NOW),
    now: time as never,
    id: 'msg_1',
    secrets: typeof secret === 'string' ? [secret] : [],
    privateKey,
  })
}

const timed = everyProvider.filter(([name, { scheme }]) => scheme.proof.tolerance && !DATES.includes(name))
const isOfTexts = ({ proof }: Scheme) =>
  proof.kind !== 'jws' && (proof as unknown as Timed).by.time.body === undefined
const isInHeader = ({ proof }: Scheme) => (proof as unknown as Timed).by.time.header !== undefined

describe.each(timed.filter(([, { scheme }]) => isOfTexts(scheme)))('%s: a signed time', (_, provider) => {
  const { scheme } = provider
  const { unit = 's' } = (scheme.proof as unknown as Timed).by.time
  const ms = unit === 's' ? 1000 : 1
  const sound = { s: `${NOW / 1000}`, ms: `${NOW}`, iso: new Date(NOW).toISOString() }[unit]
  const wrongUnit = unit === 's' ? `${NOW}` : `${NOW / 1000}`

  // The clock stands where a lax parser would read the text, so that only the form can refuse it.
  test.each([
    ['123abc', 123 * ms],
    ['1e9', 1e9 * ms],
    [' 1', ms],
    ['-1', -ms],
    ['2^53', 2 ** 53 * ms, String(2 ** 53)],
    ['seconds and milliseconds confused', NOW, wrongUnit],
    ['seconds and milliseconds confused, by a clock that does so too', Number(wrongUnit) * ms, wrongUnit],
    ['a leading zero', NOW, `0${sound}`],
    ['a plus sign', NOW, `+${sound}`],
    ['letters after it', NOW, `${sound}abc`],
    ['nothing', NOW, ''],
  ])('refuses %j', async (title, now, text = title) => {
    const mounted = await mount(provider)
    const { authenticator, env } = mounted
    await expectAccepted(authenticator, await forge(mounted, sound), env)
    // No header begins with a space: who reads one takes it off.
    if (text.trim() !== text && isInHeader(scheme)) return
    await expectRefused(provider, authenticator, await forge(mounted, text), env, now)
  })
})

describe.each(timed.filter(([, { scheme }]) => !isOfTexts(scheme)))(
  '%s: a signed number of time',
  (_, provider) => {
    const unit = (provider.scheme.proof as unknown as Timed).by.time.unit ?? 's'
    const ms = unit === 's' ? 1000 : 1

    test.each([
      ['-1', -ms],
      ['2^53', 2 ** 53 * ms],
      ['seconds and milliseconds confused', unit === 's' ? NOW * 1000 : NOW / 1000],
    ])('refuses %s, whatever the clock says', async (_, now) => {
      const { authenticator, deliver, env } = await mount(provider)
      await expectAccepted(authenticator, await deliver({ now: NOW }), env)
      const forged = await deliver({ now })
      await expectRefused(provider, authenticator, forged, env)
      await expectRefused(provider, authenticator, forged, env, now)
    })
  },
)

const identified = everyProvider.filter(
  ([, { scheme }]) => (scheme.proof as { by?: { idHeader?: string } }).by?.idHeader !== undefined,
)

test('eleven of the providers or more sign an id in a header', () => {
  expect(identified.length).toBeGreaterThanOrEqual(11)
})

describe.each(identified)('%s: a signed id', (_, provider) => {
  test.each([
    ['a dot', 'msg.1'],
    ['a dot at its end', 'msg_1.'],
    ['a space', 'msg 1'],
    ['a tab', 'msg\t1'],
    ['a carriage return that nobody took off', 'msg\x0b1'],
    ['letters that are not ASCII', 'msgé'],
    ['257 characters', 'a'.repeat(257)],
    ['nothing in it', ''],
  ])('refuses one with %s, which is signed', async (_, id) => {
    const { authenticator, deliver, env } = await mount(provider)
    await expectAccepted(authenticator, await deliver({ id: 'a'.repeat(256) }), env)
    await expectRefused(provider, authenticator, await deliver({ id }), env)
  })
})

test('no header can hold a line break or a zero', () => {
  for (const id of ['msg\n1', 'msg\r1', 'msg\r\n 1', 'msg\x001'])
    expect(() => new Headers({ 'webhook-id': id })).toThrow(TypeError)
})
