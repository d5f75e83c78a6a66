import { defineRoute } from 'sallyport'
import { slack } from 'sallyport/webhooks'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/webhooks/slack',
  owner: 'platform',
  sensitivity: 'internal',
  // Slack's url_verification is answered by the gateway, once its signature holds.
  authenticate: slack({ secret: 'SLACK_SIGNING_SECRET' }),
  limits: [{ by: 'route', max: 600, window: '1 m' }],
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
