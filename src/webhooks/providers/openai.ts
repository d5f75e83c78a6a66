import { hmacSha256 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { standardWebhooks, WHSEC_FORM, whsec } from '../standard-webhooks.ts'

/**
 * Verifies OpenAI webhook deliveries (`webhook-signature` v1, HMAC-SHA256 over id, time and raw body, 300 s
 * both ways). The replay key is the signed `webhook-id`. A secret is decoded from base64 only where it begins
 * with `whsec_`; any other is the key as it stands, as in OpenAI's own library, so a secret that lost its
 * prefix refuses every delivery.
 * @example
 * import { openai } from 'sallyport/webhooks'
 *
 * export const authenticate = openai({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const openai = provider({
  name: 'openai',
  secretForm: `${WHSEC_FORM}, or a text without that prefix`,
  proof: standardWebhooks('webhook', [
    {
      algorithm: hmacSha256,
      decode: (secret) => (secret.startsWith('whsec_') ? whsec(secret) : text(secret)),
    },
  ]),
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'OpenAI',
  source:
    'openai-node 6.49 resources/webhooks and its tests; 72 hours of retries: a guide of Hookdeck, not OpenAI',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
  trap: 'a secret without whsec_ is used as text, not as base64',
}
