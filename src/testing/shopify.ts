import { encodeBase64 } from '../lib/base64.ts'
import { utf8 } from '../lib/digest.ts'
import { hmacSha256, type SignedDelivery } from './delivery.ts'

/**
 * Signs a delivery as Shopify does (`X-Shopify-Hmac-Sha256`, HMAC-SHA256 over the body, in base64). `shop` is
 * `example.myshopify.com` and `webhookId` a fresh UUID by default; neither they nor `topic` are signed.
 * @example
 * import { signShopify } from 'sallyport/testing'
 *
 * const delivery = await signShopify({ secret: 'a secret', topic: 'orders/create', body: '{"id":820982911}' })
 * const request = new Request('https://gateway.test/webhooks/shopify', { method: 'POST', ...delivery })
 */
export async function signShopify(options: {
  secret: string
  body: string
  topic: string
  shop?: string
  webhookId?: string
}): Promise<SignedDelivery> {
  const { secret, body, topic, shop = 'example.myshopify.com', webhookId = crypto.randomUUID() } = options
  return {
    headers: {
      'content-type': 'application/json',
      'x-shopify-api-version': '2026-10',
      'x-shopify-hmac-sha256': encodeBase64(await hmacSha256(utf8(secret), body)),
      'x-shopify-shop-domain': shop,
      'x-shopify-topic': topic,
      'x-shopify-webhook-id': webhookId,
    },
    body,
  }
}
