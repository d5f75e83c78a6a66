import { defineRoute } from 'sallyport'
import { stripe } from 'sallyport/webhooks'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/webhooks/stripe',
  owner: 'billing',
  sensitivity: 'payment',
  authenticate: stripe({ secret: 'STRIPE_WEBHOOK_SECRET' }),
  limits: [{ by: 'route', max: 600, window: '1 m' }],
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
