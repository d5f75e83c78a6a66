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
  // Any JSON object; narrow it to the members that the origin relies on.
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
