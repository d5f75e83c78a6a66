import { createGateway, defineRoute, routeDefaults } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { asana, dropbox, fastlyLogging, figma, intercom, meta, xTwitter } from 'sallyport/webhooks'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

// The names are those of the deployment; the test binds what each provider needs.
const common = routeDefaults({ owner: 'platform', sensitivity: 'internal', body: v.looseObject({}) })
const forward = { to: 'ORIGIN_URL' } as const
const logs = fastlyLogging({ secret: 'STANDARD_WEBHOOK_SECRET', serviceId: 'ServiceOne1' })

const routes = {
  dropbox: defineRoute({
    ...common,
    method: ['GET', 'POST'],
    path: '/dropbox',
    authenticate: dropbox({ secret: 'GITHUB_WEBHOOK_SECRET' }),
    forward,
  }),
  meta: defineRoute({
    ...common,
    method: ['GET', 'POST'],
    path: '/meta',
    authenticate: meta({ secret: 'GITHUB_WEBHOOK_SECRET', verifyToken: 'SLACK_SIGNING_SECRET' }),
    forward,
  }),
  'x-twitter': defineRoute({
    ...common,
    method: ['GET', 'POST'],
    path: '/x-twitter',
    authenticate: xTwitter({ secret: 'GITHUB_WEBHOOK_SECRET' }),
    forward,
  }),
  intercom: defineRoute({
    ...common,
    method: ['HEAD', 'POST'],
    path: '/intercom',
    authenticate: intercom({ secret: 'GITHUB_WEBHOOK_SECRET' }),
    forward,
  }),
  asana: defineRoute({
    ...common,
    method: 'POST',
    path: '/asana',
    authenticate: asana({ secret: 'GITHUB_WEBHOOK_SECRET', armedUntil: 'STRIPE_WEBHOOK_SECRET' }),
    forward,
  }),
  logs: defineRoute({ ...common, method: 'POST', path: '/logs', authenticate: logs, forward }),
  'logs-challenge': defineRoute({
    ...common,
    method: 'GET',
    path: '/.well-known/fastly/logging/challenge',
    authenticate: logs,
    forward,
  }),
  figma: defineRoute({
    ...common,
    method: 'POST',
    path: '/figma',
    authenticate: figma({ secret: 'STANDARD_WEBHOOK_SECRET', deduplicate: 'body' }),
    body: v.object({ event_type: v.string() }),
    forward,
  }),
}

export default createGateway(routes, { state: { 'durable-object': durableObjectState() } })
