import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { STANDARD_REDELIVERY, standardWebhooks, WHSEC_FORM } from '../standard-webhooks.ts'

/**
 * Verifies Standard Webhooks deliveries (`webhook-signature` over id, time and raw body, 300 s both ways): `v1` is
 * HMAC-SHA256 under a `whsec_` secret, `v1a` Ed25519 under a `whpk_` public key. The replay key is the signed `webhook-id`.
 * @example
 * import { standard } from 'sallyport/webhooks'
 *
 * export const authenticate = standard({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const standard = provider({
  name: 'standard',
  secretForm: `${WHSEC_FORM}, or whpk_ and an Ed25519 public key in base64`,
  proof: standardWebhooks('webhook'),
  hintHeader: 'webhook-id',
  timeoutSeconds: 15,
  redelivery: STANDARD_REDELIVERY,
})

export const facts: Facts = {
  title: 'Standard Webhooks',
  source: 'standard-webhooks/spec/standard-webhooks.md',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
  disablesAfter: 'an answer of 410',
}
