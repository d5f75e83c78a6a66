import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { STANDARD_REDELIVERY, standardWebhooks, WHSEC_FORM, WHSEC_KEYS } from '../standard-webhooks.ts'

/**
 * Verifies Anthropic webhook deliveries (`webhook-signature` v1, HMAC-SHA256 over id, time and raw body, 300
 * s both ways). The replay key is the signed `webhook-id`. The secret is base64, with or without `whsec_`
 * before it.
 * @example
 * import { anthropic } from 'sallyport/webhooks'
 *
 * export const authenticate = anthropic({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const anthropic = provider({
  name: 'anthropic',
  secretForm: WHSEC_FORM,
  proof: standardWebhooks('webhook', WHSEC_KEYS),
  redelivery: STANDARD_REDELIVERY,
})

export const facts: Facts = {
  title: 'Anthropic',
  source:
    '@anthropic-ai/sdk 1.12 resources/beta/webhooks; retries: a guide of Hookdeck; how long is not documented, the days of the specification are assumed',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
}
