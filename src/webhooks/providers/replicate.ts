import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { STANDARD_REDELIVERY, standardWebhooks, WHSEC_FORM, WHSEC_KEYS } from '../standard-webhooks.ts'

/**
 * Verifies Replicate webhook deliveries (`webhook-signature` v1, HMAC-SHA256 over id, time and raw body, 300
 * s both ways). The replay key is the signed `webhook-id`. Replicate's own library does not look at the time;
 * this check does.
 * @example
 * import { replicate } from 'sallyport/webhooks'
 *
 * export const authenticate = replicate({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const replicate = provider({
  name: 'replicate',
  secretForm: WHSEC_FORM,
  proof: standardWebhooks('webhook', WHSEC_KEYS),
  redelivery: STANDARD_REDELIVERY,
})

export const facts: Facts = {
  title: 'Replicate',
  source:
    'replicate 1.4 validateWebhook; replicate.com/docs, "Verify webhooks"; how long retries last is not documented, the days of the specification are assumed',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
  trap: 'the official library accepts a delivery of any age',
}
