import { defineRoute } from 'sallyport'
import { standard } from 'sallyport/webhooks'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/webhooks/standard',
  owner: 'platform',
  sensitivity: 'internal',
  // For every sender that speaks Standard Webhooks; while a secret is rotated, STANDARD_WEBHOOK_SECRET_NEXT holds the new one.
  authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
  limits: [{ by: 'route', max: 600, window: '1 m' }],
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
