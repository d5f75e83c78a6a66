import { createHmac } from 'node:crypto'
import { type SignedDelivery, sign } from '../../../src/testing/index.ts'
import {
  github,
  shopify,
  slack,
  standard,
  stripe,
  type WebhookAuthenticator,
} from '../../../src/webhooks/index.ts'
import type { Scheme } from '../../../src/webhooks/scheme.ts'
import { authenticate as authenticateIncoming } from './every/providers.ts'

/** Unix seconds at which the clock of these tests stands. */
export const NOW = 1_800_000_000

/** What is put into a signature with nothing checked: texts and bytes that no provider would send. */
export interface Parts {
  secret: string
  time?: string
  id?: string
  body: Uint8Array
}

export interface Provider {
  scheme: Scheme
  authenticator: () => WebhookAuthenticator
  secretName: string
  /** Two secrets of the provider's form. */
  secrets: readonly [string, string]
  /** The headers that the verdict rests on. */
  signedHeaders: readonly string[]
  sign: (options: { secret: string; body: string; timestamp?: number }) => Promise<SignedDelivery>
  /** Signs whatever it is given, with node:crypto. */
  forge: (parts: Parts) => Record<string, string>
}

const texts = ['an old secret that was in use', 'the secret after rotation'] as const

export const providers: Readonly<Record<'github' | 'shopify' | 'slack' | 'standard' | 'stripe', Provider>> = {
  github: {
    scheme: github.scheme,
    authenticator: () => github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'ping'] }),
    secretName: 'GITHUB_WEBHOOK_SECRET',
    secrets: texts,
    signedHeaders: ['x-hub-signature-256'],
    sign: ({ secret, body }) => sign(github, { secret, body, event: 'push' }),
    forge: ({ secret, body }) => ({
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${mac(secret, '', body).toString('hex')}`,
    }),
  },
  shopify: {
    scheme: shopify.scheme,
    authenticator: () =>
      shopify({ secret: 'SHOPIFY_WEBHOOK_SECRET', events: ['orders/create', 'orders/paid'] }),
    secretName: 'SHOPIFY_WEBHOOK_SECRET',
    secrets: texts,
    signedHeaders: ['x-shopify-hmac-sha256'],
    sign: ({ secret, body }) => sign(shopify, { secret, body, event: 'orders/create' }),
    forge: ({ secret, body }) => ({
      'x-shopify-topic': 'orders/create',
      'x-shopify-hmac-sha256': mac(secret, '', body).toString('base64'),
    }),
  },
  slack: {
    scheme: slack.scheme,
    authenticator: () => slack({ secret: 'SLACK_SIGNING_SECRET' }),
    secretName: 'SLACK_SIGNING_SECRET',
    secrets: texts,
    signedHeaders: ['x-slack-request-timestamp', 'x-slack-signature'],
    sign: ({ timestamp = NOW, ...rest }) => sign(slack, { ...rest, now: timestamp * 1000 }),
    forge: ({ secret, time = String(NOW), body }) => ({
      'x-slack-request-timestamp': time,
      'x-slack-signature': `v0=${mac(secret, `v0:${time}:`, body).toString('hex')}`,
    }),
  },
  standard: {
    scheme: standard.scheme,
    authenticator: () => standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
    secretName: 'STANDARD_WEBHOOK_SECRET',
    secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'],
    signedHeaders: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    sign: ({ timestamp = NOW, ...rest }) => sign(standard, { ...rest, now: timestamp * 1000, id: 'msg_1' }),
    forge: ({ secret, time = String(NOW), id = 'msg_1', body }) => ({
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': `v1,${mac(Buffer.from(secret.slice(6), 'base64'), `${id}.${time}.`, body).toString('base64')}`,
    }),
  },
  stripe: {
    scheme: stripe.scheme,
    authenticator: () => stripe({ secret: 'STRIPE_WEBHOOK_SECRET' }),
    secretName: 'STRIPE_WEBHOOK_SECRET',
    secrets: texts,
    signedHeaders: ['stripe-signature'],
    sign: ({ timestamp = NOW, ...rest }) => sign(stripe, { ...rest, now: timestamp * 1000 }),
    forge: ({ secret, time = String(NOW), body }) => ({
      'stripe-signature': `t=${time},v1=${mac(secret, `${time}.`, body).toString('hex')}`,
    }),
  },
}

export const allProviders = Object.entries(providers)
export const timedProviders = allProviders.filter(([, { scheme }]) => scheme.proof.tolerance !== undefined)

function mac(secret: string | Uint8Array, prefix: string, body: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(prefix).update(body).digest()
}

export const bytesOf = (body: string | Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(body))

export interface Sent {
  headers: Record<string, string>
  body: string | Uint8Array
}

/** The delivery with headers set, or left out where undefined. */
export function withHeaders<T extends Sent>(sent: T, changes: Record<string, string | undefined>): T {
  const kept = Object.entries({ ...sent.headers, ...changes }).filter(([, value]) => value !== undefined)
  return { ...sent, headers: Object.fromEntries(kept) }
}

/** `accepted`, or the denial's code and reason. */
export async function verdict(
  provider: Provider,
  sent: Sent,
  options: { now?: number; secrets?: readonly string[] } = {},
): Promise<string> {
  const { now = NOW * 1000, secrets = [provider.secrets[0]] } = options
  const env = { [provider.secretName]: secrets[0], [`${provider.secretName}_NEXT`]: secrets[1] }
  const result = await authenticate(provider.authenticator(), sent, env, now)
  return result.ok ? 'accepted' : `${result.denial.code}: ${result.denial.reason}`
}

/** Both halves of the authenticator, as the pipeline runs them. */
export const authenticate = (
  authenticator: WebhookAuthenticator,
  sent: Sent,
  env: Record<string, unknown>,
  now = NOW * 1000,
) =>
  authenticateIncoming(
    authenticator,
    { method: 'POST', url: 'https://gateway.test/webhooks', headers: sent.headers, body: sent.body },
    env,
    now,
  )
