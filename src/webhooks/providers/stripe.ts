import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Stripe webhook deliveries (`Stripe-Signature`, HMAC-SHA256 over time and raw body, 300 s both ways). The secret
 * is used as text, its `whsec_` included. The replay key is the event's `id`, which the signature covers; a body without one
 * is known by what was signed.
 * @example
 * import { stripe } from 'sallyport/webhooks'
 *
 * export const authenticate = stripe({ secret: 'STRIPE_WEBHOOK_SECRET' })
 */
export const stripe = provider({
  name: 'stripe',
  secretForm: "the endpoint's signing secret, whsec_…",
  proof: signed({
    // v0 is what Stripe's test mode adds; other versions are not ours to judge.
    signature: { header: 'stripe-signature', form: 'v1={hex}', list: ',' },
    time: { item: 't=', toleranceSeconds: 300 },
    signs: '{time}.{body}',
  }),
  bodyId: 'id',
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'Stripe',
  source: 'stripe-node 23 Webhooks.js; docs.stripe.com, "Receive Stripe events", not read again',
  checked: '2026-11',
  rotation: 'several v1 in one header while a secret rolls',
  disablesAfter: 'several days of failures',
}
