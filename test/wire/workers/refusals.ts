import { createGateway, defineRoute, routeDefaults } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { bitbucket, datadog, github, pagerduty, sanity } from 'sallyport/webhooks'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

const common = routeDefaults({ owner: 'platform', sensitivity: 'internal', method: 'POST' })
// A claim lasts as long: longer than a machine may stall between two deliveries.
const forward = { to: 'ORIGIN_URL', timeout: '100 s' } as const
const any = v.looseObject({})
const SECRET = { secret: 'GITHUB_WEBHOOK_SECRET' } as const

const routes = {
  bitbucket: defineRoute({
    ...common,
    path: '/bitbucket',
    authenticate: bitbucket({ ...SECRET, events: ['repo:push'] }),
    body: any,
    forward,
  }),
  sanity: defineRoute({
    ...common,
    path: '/sanity',
    authenticate: sanity(SECRET),
    body: any,
    forward,
  }),
  datadog: defineRoute({
    ...common,
    path: '/datadog',
    authenticate: datadog({ ...SECRET, deduplicate: 'body' }),
    limits: [{ by: 'route', max: 1, window: '1 h' }],
    body: any,
    forward,
  }),
  pagerduty: defineRoute({
    ...common,
    path: '/pagerduty',
    authenticate: pagerduty(SECRET),
    clients: { deny: ['127.0.0.1/32'] },
    body: any,
    forward,
  }),
  github: defineRoute({
    ...common,
    path: '/github',
    authenticate: github({ ...SECRET, events: ['push'] }),
    body: v.object({ payload: v.string() }),
    forward,
  }),
}

export default createGateway(routes, { state: { 'durable-object': durableObjectState() } })
