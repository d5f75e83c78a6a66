import { utf8 } from '../lib/digest.ts'
import type { SecretName } from '../names.ts'
import { type WebhookAuthenticator, webhook } from './engine.ts'
import { macFromBase64 } from './mac.ts'
import type { Scheme } from './scheme.ts'

/** shopify.dev, "HTTPS webhooks", and @shopify/shopify-api; read November 2026. Topic, shop, time and ids are unsigned. */
export const shopifyScheme: Scheme = {
  name: 'shopify',
  decodeSecret: utf8,
  secretForm: "the app's client secret",
  read(headers) {
    const header = headers.get('x-shopify-hmac-sha256')
    if (header === null) return { missing: 'x-shopify-hmac-sha256' }
    const signature = macFromBase64(header)
    if (!signature) return { malformed: 'x-shopify-hmac-sha256' }
    return { signatures: [signature], prefix: '' }
  },
  toleranceSeconds: undefined,
  topicHeader: 'x-shopify-topic',
  hintHeader: 'x-shopify-webhook-id',
  acknowledgement: { status: 200 },
  redelivery: {
    automatic: true,
    horizonSeconds: 4 * 3600,
    disablesAfter: '8 failed retries in 4 hours',
    source: 'shopify.dev, "Webhooks: HTTPS", read through third parties that quote it',
  },
}

/**
 * Verifies Shopify webhook deliveries (`X-Shopify-Hmac-Sha256`, base64 HMAC-SHA256 over the raw body).
 * Shopify signs neither id nor topic: the replay key is the body's digest with the topic, which has to be one
 * of `events`. Two genuine deliveries with one body and topic are one delivery for `replay.ttl` (30 days).
 * @example
 * import { shopify } from 'sallyport/webhooks'
 *
 * export const authenticate = shopify({ secret: 'SHOPIFY_WEBHOOK_SECRET', events: ['orders/create'] })
 */
export const shopify = (options: {
  /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
  secret: SecretName
  /** The topics that the route takes; others are refused. */
  events: readonly [string, ...string[]]
}): WebhookAuthenticator => webhook(shopifyScheme, options)
