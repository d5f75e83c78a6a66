import { Hono } from 'hono'
import {
  anonymous,
  createGateway,
  defineRoute,
  type GatewayOptions,
  routeDefaults,
  type StateFactory,
} from 'sallyport'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'
import { github, standard } from 'sallyport/webhooks'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

type Bindings = Readonly<Record<string, unknown>>

const forward = { to: 'ORIGIN_URL', timeout: '2 s' } as const
const open = routeDefaults({ owner: 'platform', sensitivity: 'public' })
const get = { ...open, method: 'GET', authenticate: anonymous(), forward } as const
const post = { ...open, method: 'POST', body: v.looseObject({}), forward } as const
const signed = { ...post, authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }) } as const
const pushes = github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'ping'] })

/** One route with two principals: the sender is told by the scheme that it signs with. */
const eitherSender: typeof pushes = {
  ...pushes,
  inspect: (facts, env) =>
    (facts.headers.has('x-hub-signature-256') ? pushes : signed.authenticate).inspect(facts, env),
}

/** Each route takes one option from its default. */
const routes = (prefix: '' | '/api') => ({
  read: defineRoute({ ...get, path: `${prefix}/read/*` }),
  hasty: defineRoute({ ...get, path: `${prefix}/hasty`, budget: '1 ms' }),
  patient: defineRoute({ ...get, path: `${prefix}/patient`, deadline: '5 s', budget: '5 s' }),
  listed: defineRoute({
    ...get,
    path: `${prefix}/listed`,
    clients: { allow: ['203.0.113.0/24', '2001:db8:a::/48'], deny: ['203.0.113.128/25'] },
  }),
  denied: defineRoute({ ...get, path: `${prefix}/denied`, clients: { deny: ['203.0.113.7'] } }),
  'by-client': defineRoute({
    ...get,
    path: `${prefix}/by-client`,
    limits: [{ by: 'client', max: 2, window: '1 d' }],
  }),
  'by-principal': defineRoute({
    ...post,
    path: `${prefix}/by-principal`,
    authenticate: eitherSender,
    limits: [{ by: 'principal', max: 2, window: '1 d' }],
  }),
  costly: defineRoute({
    ...get,
    path: `${prefix}/costly`,
    limits: [{ by: 'route', max: 5, window: '1 d', cost: 2 }],
  }),
  twofold: defineRoute({
    ...get,
    path: `${prefix}/twofold`,
    limits: [
      { name: 'burst', by: 'route', max: 4, window: '1 d', cost: 2 },
      { name: 'steady', by: 'route', max: 9, window: '1 d' },
    ],
  }),
  tenants: defineRoute({
    ...signed,
    path: `${prefix}/tenants/:tenant/hooks`,
    tenant: ({ params }) => params.tenant,
  }),
  shared: defineRoute({ ...signed, path: `${prefix}/shared/:tenant/hooks` }),
  brief: defineRoute({ ...signed, path: `${prefix}/brief`, replay: { ttl: '1 m' } }),
  lasting: defineRoute({ ...signed, path: `${prefix}/lasting`, replay: { ttl: '7 d' } }),
  'brief-push': defineRoute({
    ...post,
    path: `${prefix}/brief-push`,
    authenticate: pushes,
    replay: { ttl: '1 m' },
  }),
  push: defineRoute({
    ...post,
    path: `${prefix}/push`,
    authenticate: pushes,
    authorize: ({ principal }) => principal.event === 'push',
  }),
  members: defineRoute({
    ...open,
    method: ['GET', 'DELETE', 'PUT'],
    path: `${prefix}/members/:id`,
    authenticate: anonymous(),
    authorize: ({ params, method }) => method === 'GET' || params.id === 'me',
    forward: { ...forward, body: 'verbatim' },
  }),
  // A promise is not `true`, whatever it may become.
  later: defineRoute({ ...get, path: `${prefix}/later`, authorize: (async () => true) as never }),
  relocated: defineRoute({
    ...get,
    path: `${prefix}/relocated/:id`,
    forward: {
      ...forward,
      path: ({ params }) => `/inside/${encodeURIComponent(params.id)}`,
      headers: ({ params }) => ({ 'x-params': encodeURIComponent(JSON.stringify(params)) }),
    },
  }),
})

type Admitted = Parameters<ReturnType<StateFactory>['admit']>[0]
const admitted: Omit<Admitted, 'background'>[] = []
let delayMs = 0

/** The real backend, with what it is asked noted, and as slow as the test wants it. */
const watched =
  (make: StateFactory): StateFactory =>
  (env) => {
    const state = make(env)
    return {
      ...state,
      async admit(request) {
        const { background: _, ...noted } = request
        admitted.push(noted)
        await new Promise((resolve) => setTimeout(resolve, delayMs))
        return state.admit(request)
      },
    }
  }

const state = { 'durable-object': watched(durableObjectState()) }

/** Deployments of one Worker, told apart by the host: each differs from its neighbour in one thing. */
const deployments: Record<string, { env?: Bindings; options?: Omit<GatewayOptions, 'state'> }> = {
  'direct.test': {},
  'none.test': { env: { TRUST: 'none' } },
  'cloudflare.test': { env: { TRUST: 'cloudflare' } },
  'full.test': { env: { TRUST: 'cloudflare' }, options: { recordClient: 'full' } },
  'truncated.test': { env: { TRUST: 'cloudflare' }, options: { recordClient: 'truncated' } },
  'hashed.test': { env: { TRUST: 'cloudflare' }, options: { recordClient: 'hashed' } },
  'rekeyed.test': {
    env: { TRUST: 'cloudflare', RECORD_KEY: 'another-record-key' },
    options: { recordClient: 'hashed' },
  },
  'keyless.test': {
    env: { TRUST: 'cloudflare', RECORD_KEY: undefined },
    options: { recordClient: 'hashed' },
  },
  'allowing.test': { env: { TRUST: 'cloudflare' }, options: { clients: { allow: ['203.0.113.0/24'] } } },
  'denying.test': { env: { TRUST: 'cloudflare' }, options: { clients: { deny: ['203.0.113.0/24'] } } },
  'timed.test': { options: { serverTiming: true } },
  'untimed.test': { options: { serverTiming: false } },
  'versioned.test': { env: { CF_VERSION_METADATA: { id: 'version-1', tag: 'ignored', timestamp: '' } } },
  'misversioned.test': { env: { CF_VERSION_METADATA: { id: 7 } } },
}

const served = new Map<string, { fetch: ReturnType<typeof createGateway>['fetch']; env: Bindings }>()

function deploymentOf(host: string, env: Bindings) {
  const known = served.get(host)
  if (known) return known
  const { env: own, options } = deployments[host] ?? {}
  const { fetch } = createGateway(routes(''), { state, ...options })
  const made = { fetch, env: { ...env, PUBLIC_HOSTS: host, ...own } }
  served.set(host, made)
  return made
}

const mounted = createGateway(routes('/api'), { state })
const app = new Hono<{ Bindings: Record<string, unknown> }>()
app.all('/api/*', (c) => mounted.fetch(c.req.raw, c.env, c.executionCtx))

/** What Cloudflare would tell about a request: bare workerd tells the socket's address alone. */
function told(request: Request): Request {
  const cf = request.headers.get('x-test-cf')
  return cf === null ? request : new Request(request, { cf: { ...request.cf, ...JSON.parse(cf) } })
}

async function testDoor(request: Request, env: Bindings): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/_test/admitted') return Response.json(admitted.splice(0))
  const body = (await request.json()) as { ms: number; client: string }
  if (pathname === '/_test/delay') delayMs = body.ms
  else await durableObjectOperations(env).block(body.client, Date.now() + body.ms)
  return Response.json({})
}

export default {
  async fetch(request: Request, env: Bindings, ctx: ExecutionContext): Promise<Response> {
    const host = request.headers.get('host') ?? ''
    if (host === 'door.test') return testDoor(request, env)
    if (host === 'mounted.test') return app.fetch(request, { ...env, PUBLIC_HOSTS: host }, ctx)
    const deployment = deploymentOf(host, env)
    return deployment.fetch(told(request), deployment.env, ctx)
  },
}
