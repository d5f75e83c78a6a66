import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Shopify webhook deliveries (`X-Shopify-Hmac-Sha256`, base64 HMAC-SHA256 over the raw body).
 * Shopify signs neither id nor topic: the replay key is the body's digest with the topic, which has to be one
 * of `events`. Two genuine deliveries with one body and topic are one delivery for `replay.ttl` (30 days).
 * @example
 * import { shopify } from 'sallyport/webhooks'
 *
 * export const authenticate = shopify({ secret: 'SHOPIFY_WEBHOOK_SECRET', events: ['orders/create'] })
 */
export const shopify = provider({
  name: 'shopify',
  secretForm: "the app's client secret",
  proof: signed({
    signature: { header: 'x-shopify-hmac-sha256', form: '{base64}' },
    signs: '{body}',
  }),
  topicHeader: 'x-shopify-topic',
  hintHeader: 'x-shopify-webhook-id',
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 4 * 3600 },
})

export const facts: Facts = {
  title: 'Shopify',
  source: 'shopify.dev, "HTTPS webhooks"; @shopify/shopify-api; retries and timeout through third parties',
  checked: '2026-11',
  rotation: 'one signature; after a change both secrets may sign for a while',
  disablesAfter: '8 failed retries in 4 hours',
  unsigned: [
    'x-shopify-topic',
    'x-shopify-api-version',
    'x-shopify-event-id',
    'x-shopify-shop-domain',
    'x-shopify-webhook-id',
    'x-shopify-triggered-at',
  ],
}
