import { utf8 } from '../lib/digest.ts'
import type { SecretName } from '../names.ts'
import { type WebhookAuthenticator, webhook } from './engine.ts'
import { macFromHex } from './mac.ts'
import { MAX_SIGNATURES, parseUnixSeconds, type Scheme } from './scheme.ts'

const HEADER = 'stripe-signature'

/** stripe-node 23 Webhooks.js; read November 2026. The secret is used as text, its `whsec_` included. */
export const stripeScheme: Scheme = {
  name: 'stripe',
  decodeSecret: utf8,
  secretForm: "the endpoint's signing secret, whsec_…",
  read(headers) {
    const header = headers.get(HEADER)
    if (header === null) return { missing: HEADER }
    let timestamp: number | undefined
    const signatures: Uint8Array<ArrayBuffer>[] = []
    for (const item of header.split(',')) {
      const [, key, value] = /^(t|v[0-9]+)=([0-9a-f]+)$/.exec(item) ?? []
      if (key === undefined || value === undefined) return { malformed: HEADER }
      if (key === 't') {
        if (timestamp !== undefined) return { malformed: HEADER }
        timestamp = parseUnixSeconds(value)
        if (timestamp === undefined) return { malformed: HEADER }
      }
      // v0 is what Stripe's test mode adds; other versions are not ours to judge.
      if (key !== 'v1') continue
      const signature = macFromHex(value)
      if (!signature || signatures.length === MAX_SIGNATURES) return { malformed: HEADER }
      signatures.push(signature)
    }
    if (timestamp === undefined || signatures.length === 0) return { malformed: HEADER }
    return { signatures, timestamp, prefix: `${timestamp}.` }
  },
  toleranceSeconds: 300,
  bodyId: (json) => json.id,
  acknowledgement: { status: 200 },
  redelivery: {
    automatic: true,
    horizonSeconds: 3 * 86_400,
    disablesAfter: 'several days of failures',
    source: 'docs.stripe.com, "Receive Stripe events"; not read again for this entry',
  },
}

/**
 * Verifies Stripe webhook deliveries (`Stripe-Signature`, HMAC-SHA256 over time and raw body, 300 s both ways).
 * The replay key is the event's `id`, which the signature covers; a body without one is known by what was signed.
 * @example
 * import { stripe } from 'sallyport/webhooks'
 *
 * export const authenticate = stripe({ secret: 'STRIPE_WEBHOOK_SECRET' })
 */
export const stripe = (options: {
  /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
  secret: SecretName
}): WebhookAuthenticator => webhook(stripeScheme, options)
