import { defineRoute } from 'sallyport'
import { github } from 'sallyport/webhooks'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/webhooks/github',
  owner: 'platform',
  sensitivity: 'internal',
  // GitHub signs the body, not the event's name: only what is listed here may pass.
  authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'pull_request', 'ping'] }),
  limits: [{ by: 'route', max: 600, window: '1 m' }],
  body: v.looseObject({}),
  forward: { to: 'ORIGIN_URL' },
})
