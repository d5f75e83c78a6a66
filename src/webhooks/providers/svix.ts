import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { SVIX_REDELIVERY, SVIX_TIMEOUT_SECONDS, standardWebhooks, WHSEC_FORM } from '../standard-webhooks.ts'

/**
 * Verifies deliveries that Svix sends (`svix-signature` over id, time and raw body, 300 s both ways): `v1` is
 * HMAC-SHA256 under a `whsec_` secret, `v1a` Ed25519 under a `whpk_` public key. The replay key is the signed
 * `svix-id`, which stays the same over retries. Senders that let Svix write `webhook-…` headers are verified
 * by `standard`.
 * @example
 * import { svix } from 'sallyport/webhooks'
 *
 * export const authenticate = svix({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const svix = provider({
  name: 'svix',
  secretForm: `${WHSEC_FORM}, or whpk_ and an Ed25519 public key in base64`,
  proof: standardWebhooks('svix'),
  timeoutSeconds: SVIX_TIMEOUT_SECONDS,
  redelivery: SVIX_REDELIVERY,
})

export const facts: Facts = {
  title: 'Svix',
  source:
    'svix/svix-webhooks worker.rs and webhook.test.ts; schedule of retries: a page of documentation that Svix hosts',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
}
