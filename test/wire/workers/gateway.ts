import { anonymous, createGateway, defineRoute, routeDefaults } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { upstashState } from 'sallyport/upstash'
import { github, shopify, slack, standard, stripe } from 'sallyport/webhooks'
import * as v from 'valibot'
import { faulty, testDoor } from './faults.ts'

export { SallyportState } from 'sallyport/durable-object'

const webhook = routeDefaults({
  method: 'POST',
  owner: 'platform',
  sensitivity: 'internal',
  body: v.looseObject({}),
})
const quick = { to: 'ORIGIN_URL', timeout: '500 ms' } as const
const signed = { ...webhook, authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }), forward: quick }
const open = { ...webhook, authenticate: anonymous(), forward: quick }

const routes = {
  github: defineRoute({
    ...webhook,
    path: '/webhooks/github',
    authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'pull_request', 'ping'] }),
    limits: [{ by: 'route', max: 600, window: '1 m' }],
    forward: quick,
  }),
  shopify: defineRoute({
    ...webhook,
    path: '/webhooks/shopify',
    authenticate: shopify({ secret: 'SHOPIFY_WEBHOOK_SECRET', events: ['orders/create', 'orders/updated'] }),
    forward: quick,
  }),
  slack: defineRoute({
    ...webhook,
    path: '/webhooks/slack',
    authenticate: slack({ secret: 'SLACK_SIGNING_SECRET' }),
    forward: quick,
  }),
  stripe: defineRoute({
    ...webhook,
    path: '/webhooks/stripe',
    authenticate: stripe({ secret: 'STRIPE_WEBHOOK_SECRET' }),
    forward: quick,
  }),
  standard: defineRoute({ ...signed, path: '/webhooks/standard' }),
  refusing: defineRoute({ ...signed, path: '/webhooks/refusing', replay: { onDuplicate: 'refuse' } }),
  forwarding: defineRoute({ ...signed, path: '/webhooks/forwarding', replay: { onDuplicate: 'forward' } }),
  'forwarding-scarce': defineRoute({
    ...signed,
    path: '/webhooks/forwarding-scarce',
    replay: { onDuplicate: 'forward' },
    limits: [{ by: 'route', max: 3, window: '1 h' }],
  }),
  schemaless: defineRoute({
    method: 'POST',
    path: '/webhooks/schemaless',
    owner: 'platform',
    sensitivity: 'internal',
    authenticate: slack({ secret: 'SLACK_SIGNING_SECRET' }),
    forward: quick,
  }),
  guest: defineRoute({
    ...open,
    path: '/guest',
    body: {
      schema: v.object({ user: v.literal('guest'), note: v.optional(v.string(), '') }),
      mode: 'report',
    },
    limits: [{ by: ({ input }) => input.user.toLowerCase(), max: 100, window: '1 m' }],
    forward: {
      ...quick,
      strip: ['x-guest-user'],
      headers: ({ input }) => ({ 'x-guest-user': input.user.toLowerCase() }),
    },
  }),
  broken: defineRoute({
    ...open,
    path: '/broken',
    mode: 'report',
    limits: [
      {
        by: () => {
          throw new Error('the function itself is broken')
        },
        max: 100,
        window: '1 m',
      },
    ],
  }),
  'watched-path': defineRoute({
    method: 'GET',
    path: '/whose/:user',
    owner: 'platform',
    sensitivity: 'public',
    mode: 'report',
    authenticate: anonymous(),
    authorize: ({ params }) => params.user === 'ann',
    forward: { ...quick, path: ({ params }) => `/users/${params.user}` },
  }),
  plan: defineRoute({
    method: 'GET',
    path: '/plan/:name',
    owner: 'platform',
    sensitivity: 'public',
    authenticate: anonymous(),
    forward: {
      ...quick,
      strip: ['x-plan'],
      path: ({ params }) => `/plans/${params.name}`,
      headers: ({ params }): Record<string, string> => (params.name === 'gold' ? { 'x-plan': 'gold' } : {}),
    },
  }),
  slow: defineRoute({ ...signed, path: '/webhooks/slow', forward: { to: 'ORIGIN_URL', timeout: '10 s' } }),
  scarce: defineRoute({
    ...signed,
    path: '/webhooks/scarce',
    limits: [{ by: 'route', max: 5, window: '2 s' }],
  }),
  watched: defineRoute({
    ...signed,
    path: '/webhooks/watched',
    mode: 'report',
    limits: [{ by: 'route', max: 2, window: '1 m' }],
  }),
  lenient: defineRoute({
    ...signed,
    path: '/webhooks/lenient',
    limits: [{ by: 'route', max: 1, window: '1 m', mode: 'report' }],
    body: { schema: v.looseObject({ needed: v.string() }), mode: 'report' },
  }),
  windows: defineRoute({
    ...open,
    path: '/limited/:who',
    limits: [
      { name: 'sliding', by: ({ params }) => params.who, max: 3, window: '10 s' },
      { name: 'fixed', by: ({ params }) => params.who, max: 4, window: '10 s', algorithm: 'fixedWindow' },
      { name: 'bucket', by: ({ params }) => params.who, max: 5, window: '10 s', algorithm: 'tokenBucket' },
    ],
  }),
  orders: defineRoute({
    ...open,
    path: '/orders/:id',
    params: v.object({ id: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/u)) }),
    query: v.object({ tag: v.optional(v.union([v.string(), v.array(v.string())])) }),
    body: v.strictObject({ sku: v.string(), quantity: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    forward: {
      ...quick,
      headers: ({ params, input }) => ({ 'x-order': params.id, 'x-sku-length': String(input.sku.length) }),
    },
  }),
  small: defineRoute({ ...open, path: '/small', body: { schema: v.looseObject({}), maxBytes: 100 } }),
  read: defineRoute({
    method: 'GET',
    path: '/read/*',
    owner: 'platform',
    sensitivity: 'public',
    authenticate: anonymous(),
    forward: quick,
  }),
  admin: defineRoute({
    method: 'GET',
    path: '/admin/*',
    owner: 'platform',
    sensitivity: 'internal',
    authenticate: anonymous(),
    clients: { allow: ['203.0.113.0/24'] },
    forward: quick,
  }),
  relocated: defineRoute({
    method: 'GET',
    path: '/relocated/:id',
    owner: 'platform',
    sensitivity: 'public',
    authenticate: anonymous(),
    forward: { ...quick, path: ({ params }) => `/inside/${params.id}` },
  }),
  'relocated-watched': defineRoute({
    method: 'GET',
    path: '/watched/:id',
    owner: 'platform',
    sensitivity: 'public',
    mode: 'report',
    authenticate: anonymous(),
    authorize: () => {
      throw new Error('the predicate itself is broken')
    },
    forward: { ...quick, path: ({ params }) => `/inside/${params.id}` },
  }),
  verbatim: defineRoute({
    method: ['PUT', 'DELETE'],
    path: '/verbatim',
    owner: 'platform',
    sensitivity: 'public',
    authenticate: anonymous(),
    forward: { ...quick, body: 'verbatim' },
  }),
}

const gateway = createGateway(routes, {
  state: { 'durable-object': faulty(durableObjectState()), upstash: faulty(upstashState()) },
  serverTiming: true,
})

export default {
  fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Promise<Response> {
    // The test's own door has a name that no route could have: the raw target is looked at on purpose.
    if (request.headers.get('host') === 'door.test') return testDoor(request, env as never)
    return gateway.fetch(request, env as never, ctx)
  },
}
