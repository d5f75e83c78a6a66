import { createHash, createHmac, createPrivateKey, sign } from 'node:crypto'
import { type Delivery, posted, type SignInput } from './adapter.ts'
import { secretFor } from './secrets.ts'

/**
 * Each provider's scheme, once more, on node:crypto alone and with nothing of `src/`. In the texts `{s}`, `{ms}` and
 * `{iso}` are the time in Unix seconds, in Unix milliseconds and by RFC 3339, `{mac}` is the signature.
 */
interface Scheme {
  signs: string
  headers: Readonly<Record<string, string>>
  with?: 'sha256' | 'sha1' | 'hash' | 'ed25519' | 'p256'
  /** How the secret becomes the key. */
  key?: 'text' | 'hex' | 'whsec'
  as?: 'hex' | 'base64' | 'base64url'
}

const standard = (prefix: string, key: 'text' | 'whsec' = 'whsec'): Scheme => ({
  signs: '{id}.{s}.{body}',
  key,
  as: 'base64',
  headers: { [`${prefix}-id`]: '{id}', [`${prefix}-timestamp`]: '{s}', [`${prefix}-signature`]: 'v1,{mac}' },
})

/** What HubSpot decodes in the URL before it signs. */
const HUBSPOT_ESCAPES = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi

const CONTENTFUL = 'x-contentful-signed-headers,x-contentful-timestamp'

const schemes: Readonly<Record<string, Scheme>> = {
  'standard-webhooks': standard('webhook'),
  'gitlab-signing': standard('webhook'),
  openai: standard('webhook'),
  anthropic: standard('webhook'),
  replicate: standard('webhook'),
  liveblocks: standard('webhook'),
  polar: standard('webhook', 'text'),
  svix: standard('svix'),
  clerk: standard('svix'),
  resend: standard('svix'),
  stripe: { signs: '{s}.{body}', headers: { 'stripe-signature': 't={s},v1={mac}' } },
  mux: { signs: '{s}.{body}', headers: { 'mux-signature': 't={s},v1={mac}' } },
  elevenlabs: { signs: '{s}.{body}', headers: { 'elevenlabs-signature': 't={s},v0={mac}' } },
  paddle: { signs: '{s}:{body}', headers: { 'paddle-signature': 'ts={s};h1={mac}' } },
  workos: { signs: '{ms}.{body}', headers: { 'workos-signature': 't={ms}, v1={mac}' } },
  sanity: {
    signs: '{ms}.{body}',
    as: 'base64url',
    headers: { 'idempotency-key': '{id}', 'sanity-webhook-signature': 't={ms},v1={mac}' },
  },
  slack: {
    signs: 'v0:{s}:{body}',
    headers: { 'x-slack-request-timestamp': '{s}', 'x-slack-signature': 'v0={mac}' },
  },
  github: {
    signs: '{body}',
    headers: {
      'x-github-delivery': '{id}',
      'x-github-event': '{event}',
      'x-hub-signature-256': 'sha256={mac}',
    },
  },
  shopify: {
    signs: '{body}',
    as: 'base64',
    headers: {
      'x-shopify-api-version': '2026-10',
      'x-shopify-hmac-sha256': '{mac}',
      'x-shopify-shop-domain': 'example.myshopify.com',
      'x-shopify-topic': '{event}',
      'x-shopify-webhook-id': '{id}',
    },
  },
  notion: { signs: '{body}', headers: { 'x-notion-signature': 'sha256={mac}' } },
  line: { signs: '{body}', as: 'base64', headers: { 'x-line-signature': '{mac}' } },
  gocardless: { signs: '{body}', headers: { 'webhook-signature': '{mac}' } },
  'coinbase-commerce': { signs: '{body}', headers: { 'x-cc-webhook-signature': '{mac}' } },
  razorpay: {
    signs: '{body}',
    headers: { 'x-razorpay-event-id': '{id}', 'x-razorpay-signature': '{mac}' },
  },
  pusher: { signs: '{body}', headers: { 'x-pusher-key': '{keyId}', 'x-pusher-signature': '{mac}' } },
  linear: {
    signs: '{body}',
    headers: {
      'linear-delivery': '{id}',
      'linear-event': '{event}',
      'linear-signature': '{mac}',
      'linear-timestamp': '{ms}',
    },
  },
  'adyen-platform': {
    signs: '{body}',
    key: 'hex',
    as: 'base64',
    headers: { hmacsignature: '{mac}', protocol: 'HmacSHA256' },
  },
  box: {
    signs: '{body}{iso}',
    as: 'base64',
    headers: {
      'box-delivery-id': '{id}',
      'box-delivery-timestamp': '{iso}',
      'box-signature-algorithm': 'HmacSHA256',
      'box-signature-primary': '{mac}',
      'box-signature-version': '1',
    },
  },
  square: { signs: '{url}{body}', as: 'base64', headers: { 'x-square-hmacsha256-signature': '{mac}' } },
  'hubspot-v1': {
    signs: '{secret}{body}',
    with: 'hash',
    headers: { 'x-hubspot-signature': '{mac}', 'x-hubspot-signature-version': 'v1' },
  },
  'hubspot-v2': {
    signs: '{secret}POST{url}{body}',
    with: 'hash',
    headers: { 'x-hubspot-signature': '{mac}', 'x-hubspot-signature-version': 'v2' },
  },
  'hubspot-v3': {
    signs: 'POST{decoded}{body}{ms}',
    as: 'base64',
    headers: { 'x-hubspot-request-timestamp': '{ms}', 'x-hubspot-signature-v3': '{mac}' },
  },
  contentful: {
    signs: `POST\n{escaped}\nx-contentful-signed-headers:${CONTENTFUL};x-contentful-timestamp:{ms}\n{body}`,
    headers: {
      'x-contentful-signature': '{mac}',
      'x-contentful-signed-headers': CONTENTFUL,
      'x-contentful-timestamp': '{ms}',
    },
  },
  discord: {
    signs: '{s}{body}',
    with: 'ed25519',
    headers: { 'x-signature-ed25519': '{mac}', 'x-signature-timestamp': '{s}' },
  },
  sendgrid: {
    signs: '{s}{body}',
    with: 'p256',
    as: 'base64',
    headers: {
      'x-twilio-email-event-webhook-signature': '{mac}',
      'x-twilio-email-event-webhook-timestamp': '{s}',
    },
  },
  // Nothing is signed: the header is the secret.
  telegram: { signs: '', headers: { 'x-telegram-bot-api-secret-token': '{secret}' } },
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const privateKey = (secret: string) =>
  createPrivateKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'pkcs8' })
const sha256 = (text: string) => createHash('sha256').update(text)
const hmac = (algorithm: string, key: string | Uint8Array, text: string) =>
  createHmac(algorithm, key).update(text).digest()

function macOf({ with: algorithm = 'sha256', key }: Scheme, secret: string, text: string): Buffer {
  if (algorithm === 'hash') return sha256(text).digest()
  if (algorithm === 'ed25519') return sign(null, Buffer.from(text), privateKey(secret))
  if (algorithm === 'p256') return sign('sha256', Buffer.from(text), privateKey(secret))
  if (key === 'hex') return hmac(algorithm, Buffer.from(secret, 'hex'), text)
  if (key === 'whsec') return hmac(algorithm, Buffer.from(secret.slice('whsec_'.length), 'base64'), text)
  return hmac(algorithm, secret, text)
}

/** Path and query as Contentful's SDK signs them: the query is escaped as one text, then the whole once more. */
function escaped(url: string): string {
  const { pathname, search } = new URL(url)
  return encodeURI(search ? `${pathname}?${encodeURIComponent(search.slice(1))}` : pathname)
}

/** Fills in each `{name}` of the text once; what is filled in is not looked at again. */
const fill = (text: string, values: Readonly<Record<string, string>>) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')

function fromScheme(scheme: Scheme, input: SignInput): Delivery {
  const { now, url, keyId = '', ...texts } = input
  const values = {
    ...texts,
    keyId,
    url,
    escaped: escaped(url),
    decoded: url.replace(HUBSPOT_ESCAPES, decodeURIComponent),
    s: String(Math.floor(now / 1000)),
    ms: String(now),
    iso: new Date(now).toISOString(),
  }
  const mac = macOf(scheme, input.secret, fill(scheme.signs, values)).toString(scheme.as ?? 'hex')
  const filled = Object.entries(scheme.headers).map(([name, text]) => [name, fill(text, { ...values, mac })])
  return posted(input, Object.fromEntries(filled))
}

type AdyenItem = Record<string, string> & {
  amount: { value: number; currency: string }
  additionalData?: object
}

function adyenPayments(input: SignInput): Delivery {
  const event = JSON.parse(input.body) as { notificationItems: { NotificationRequestItem: AdyenItem }[] }
  for (const { NotificationRequestItem: item } of event.notificationItems) {
    const { pspReference, originalReference, merchantAccountCode, merchantReference, amount } = item
    const names = [pspReference, originalReference, merchantAccountCode, merchantReference]
    const text = [...names, amount.value, amount.currency, item.eventCode, item.success].join(':')
    const hmacSignature = hmac('sha256', Buffer.from(input.secret, 'hex'), text).toString('base64')
    item.additionalData = { ...item.additionalData, hmacSignature }
  }
  return posted({ ...input, body: JSON.stringify(event) }, {})
}

function twilio(input: SignInput): Delivery {
  const digest = new URL(input.url).searchParams.get('bodySHA256')
  const pairs = digest === null ? [...new URLSearchParams(input.body)] : []
  // By name, then by value; the same pair twice counts once.
  const sorted = [...new Map(pairs.map((pair) => [pair.join('\0'), pair]))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
  const text = input.url + sorted.map(([, pair]) => pair.join('')).join('')
  return posted(input, {
    ...(digest === null ? FORM : {}),
    'i-twilio-idempotency-token': input.id,
    'x-twilio-signature': hmac('sha1', input.secret, text).toString('base64'),
  })
}

function braintree(input: SignInput): Delivery {
  const payload = new URLSearchParams(input.body).get('bt_payload') ?? ''
  const key = createHash('sha1').update(input.secret).digest()
  const signature = `${input.keyId}|${hmac('sha1', key, payload).toString('hex')}`
  const form = new URLSearchParams({ bt_payload: payload, bt_signature: signature })
  return posted({ ...input, body: form.toString() }, FORM)
}

const SNS_FIELDS = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']

function sns(input: SignInput): Delivery {
  const event = JSON.parse(input.body) as Record<string, string>
  const text = SNS_FIELDS.map((name) => `${name}\n${event[name]}\n`).join('')
  const Signature = sign('sha256', Buffer.from(text), privateKey(input.secret)).toString('base64')
  const certificate = sha256(secretFor('aws-sns')).digest('hex')
  const SigningCertURL = `https://sns.us-east-1.amazonaws.com/SimpleNotificationService-${certificate}.pem`
  return posted(
    { ...input, body: JSON.stringify({ ...event, Signature, SigningCertURL }) },
    {
      'content-type': 'text/plain; charset=UTF-8',
      'x-amz-sns-message-id': input.id,
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-topic-arn': event.TopicArn ?? '',
    },
  )
}

function qstash(input: SignInput): Delivery {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const s = Math.floor(input.now / 1000)
  const claims = {
    iss: 'Upstash',
    sub: input.url,
    exp: s + 300,
    nbf: s,
    iat: s,
    jti: input.id,
    body: sha256(input.body).digest('base64url'),
  }
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  const token = `${text}.${hmac('sha256', input.secret, text).toString('base64url')}`
  return posted(input, { 'upstash-message-id': input.id, 'upstash-signature': token })
}

const makers: Readonly<Record<string, (input: SignInput) => Delivery>> = {
  'adyen-payments': adyenPayments,
  'aws-sns': sns,
  braintree,
  qstash,
  twilio,
}

/** The providers that `construct` knows. */
export const constructed: readonly string[] = [...Object.keys(schemes), ...Object.keys(makers)]

/** The delivery as the provider would sign it. What it makes of its own body is the same delivery again. */
export function construct(provider: string, input: SignInput): Delivery {
  const maker = makers[provider]
  if (maker) return maker(input)
  const scheme = schemes[provider]
  if (!scheme) throw new Error(`no construction of ${provider}`)
  return fromScheme(scheme, input)
}
