import { hmacSha256 } from '../algorithms.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import {
  SVIX_REDELIVERY,
  SVIX_TIMEOUT_SECONDS,
  standardWebhooks,
  WHSEC_FORM,
  whsecPrefixed,
} from '../standard-webhooks.ts'

/**
 * Verifies Liveblocks webhook deliveries (`webhook-signature` v1, HMAC-SHA256 over id, time and raw body, 300
 * s both ways). The replay key is the signed `webhook-id`. The secret has to begin with `whsec_`.
 * @example
 * import { liveblocks } from 'sallyport/webhooks'
 *
 * export const authenticate = liveblocks({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const liveblocks = provider({
  name: 'liveblocks',
  secretForm: WHSEC_FORM,
  proof: standardWebhooks('webhook', [{ algorithm: hmacSha256, decode: whsecPrefixed }]),
  timeoutSeconds: SVIX_TIMEOUT_SECONDS,
  redelivery: SVIX_REDELIVERY,
})

export const facts: Facts = {
  title: 'Liveblocks',
  source:
    '@liveblocks/node 3.24 WebhookHandler; liveblocks.io/docs/platform/webhooks; timeout and schedule of retries are those of Svix, which sends',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
  disablesAfter: '5 days without one success',
}
