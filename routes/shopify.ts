import { defineRoute } from 'sallyport'
import { shopify } from 'sallyport/webhooks'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/webhooks/shopify',
  owner: 'orders',
  sensitivity: 'pii',
  // Shopify signs the body, not the topic: only what is listed here may pass.
  authenticate: shopify({ secret: 'SHOPIFY_WEBHOOK_SECRET', events: ['orders/create', 'orders/updated'] }),
  limits: [{ by: 'route', max: 600, window: '1 m' }],
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
