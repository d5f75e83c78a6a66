import { hmacSha256 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { STANDARD_REDELIVERY, standardWebhooks } from '../standard-webhooks.ts'

/**
 * Verifies Polar webhook deliveries (`webhook-signature` v1, HMAC-SHA256 over id, time and raw body, 300 s
 * both ways). The replay key is the signed `webhook-id`. The secret is used as text, whatever it begins with:
 * `standard` would decode it and refuse every delivery.
 * @example
 * import { polar } from 'sallyport/webhooks'
 *
 * export const authenticate = polar({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const polar = provider({
  name: 'polar',
  secretForm: "the webhook's secret, as text",
  proof: standardWebhooks('webhook', [{ algorithm: hmacSha256, decode: text }]),
  timeoutSeconds: 10,
  redelivery: STANDARD_REDELIVERY,
})

export const facts: Facts = {
  title: 'Polar',
  source:
    '@polar-sh/sdk 0.49 validateEvent; timeout and retries: a copy of the guide "Webhook delivery"; how long is not documented, the days of the specification are assumed',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
  trap: 'the secret is raw text, also where it looks like base64',
}
