import {
  type ApiKeyPrincipal,
  type Authenticator,
  anonymous,
  createGateway,
  defineRoute,
  routeDefaults,
  type StateFactory,
} from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { github, standard } from 'sallyport/webhooks'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

interface Caller extends Pick<ApiKeyPrincipal, 'kind' | 'id' | 'keyId'> {
  account: string
  plan?: string
}

/** Callers with a key; one account may have several, and the key's id is a stranger's text. */
const callers: Readonly<Record<string, Omit<Caller, 'kind'>>> = {
  'ann-first': { id: 'keys|ann', keyId: 'ann-first', account: 'acme', plan: 'pro' },
  'ann-second': { id: 'keys|ann', keyId: 'ann-second', account: 'acme', plan: 'enterprise' },
  bob: { id: 'keys|bob', keyId: `bob:${'x'.repeat(5000)}`, account: 'bobs' },
  keyless: { id: 'keys|keyless', account: 'acme' } as never,
}

/** A scheme of the test's own: the header names a caller. */
const apiKey: Authenticator<Caller, 'apiKey'> = {
  name: 'test-key',
  kind: 'apiKey',
  signsBody: false,
  secrets: [],
  inspect({ request }) {
    const caller = callers[request.headers.get('x-test-key') ?? '']
    if (!caller) return { ok: false, denial: { code: 'signature_missing', reason: 'no key of the test' } }
    return { ok: true, value: () => ({ ok: true, value: { principal: { kind: 'apiKey', ...caller } } }) }
  },
}

const forward = { to: 'ORIGIN_URL', timeout: '2 s' } as const
const open = routeDefaults({ owner: 'platform', sensitivity: 'public' })
const get = { ...open, method: 'GET', authenticate: anonymous(), forward } as const
const keyed = { ...open, method: 'GET', authenticate: apiKey, authorize: () => true, forward } as const
const hook = { ...open, method: 'POST', body: v.looseObject({}), forward } as const
const signed = { ...hook, authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }) } as const
const pushes = {
  ...hook,
  authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] }),
} as const

const two = { max: 2, window: '1 d', algorithm: 'fixedWindow' } as const
const fails = (): never => {
  throw new Error('the function itself is broken')
}

const routes = {
  'by-route': defineRoute({ ...get, path: '/by-route', limits: [{ by: 'route', ...two }] }),
  'by-client': defineRoute({ ...get, path: '/by-client', limits: [{ by: 'client', ...two }] }),
  'by-principal': defineRoute({ ...keyed, path: '/by-principal', limits: [{ by: 'principal', ...two }] }),
  'by-tenant': defineRoute({
    ...get,
    path: '/by-tenant/:tenant/*',
    tenant: ({ params }) => params.tenant.toLowerCase(),
    limits: [{ by: 'tenant', ...two }],
  }),
  'by-account': defineRoute({
    ...keyed,
    path: '/by-account',
    tenant: ({ principal }) => principal.account,
    limits: [{ by: 'tenant', ...two }],
  }),
  'by-provider': defineRoute({ ...signed, path: '/by-provider', limits: [{ by: 'provider', ...two }] }),
  'by-api-key': defineRoute({ ...keyed, path: '/by-api-key', limits: [{ by: 'apiKey', ...two }] }),
  'by-function': defineRoute({
    ...get,
    path: '/by-function/:who',
    limits: [{ by: ({ params }) => params.who, ...two }],
  }),
  'by-broken-function': defineRoute({
    ...get,
    path: '/by-broken-function',
    limits: [{ by: (() => undefined) as never, ...two }],
  }),
  'without-a-tenant': defineRoute({ ...get, path: '/without-a-tenant', tenant: (() => 7) as never }),
  'tenant-watched': defineRoute({
    ...get,
    mode: 'report',
    path: '/tenant-watched',
    tenant: fails,
    limits: [{ by: 'tenant', ...two }],
  }),
  'shared-addresses': defineRoute({
    ...signed,
    path: '/shared-addresses',
    limits: [{ by: 'client', allowSharedAddresses: true, ...two }],
  }),

  'pool-one': defineRoute({
    ...keyed,
    path: '/pool-one',
    tenant: ({ principal }) => principal.account,
    limits: [
      { by: 'route', pool: 'all', max: 6, window: 'day' },
      { by: 'tenant', pool: 'team', max: 3, window: 'day' },
    ],
  }),
  'pool-two': defineRoute({
    ...keyed,
    path: '/pool-two',
    tenant: ({ principal }) => principal.account,
    limits: [
      { by: 'route', pool: 'all', max: 6, window: 'day', cost: 2 },
      { by: 'tenant', pool: 'team', max: 3, window: 'day' },
    ],
  }),
  'pool-none': defineRoute({
    ...keyed,
    path: '/pool-none',
    tenant: ({ principal }) => principal.account,
    limits: [
      { by: 'route', name: 'all', max: 6, window: 'day' },
      { by: 'tenant', name: 'team', max: 3, window: 'day' },
    ],
  }),
  'pool-read': defineRoute({
    ...get,
    path: '/pool-read/:who',
    limits: [{ by: ({ params }) => params.who, pool: 'whoever', ...two }],
  }),
  'pool-write': defineRoute({
    ...get,
    method: 'DELETE',
    path: '/pool-write/:who',
    limits: [{ by: ({ params }) => params.who, pool: 'whoever', ...two }],
  }),
  'pool-hooks-standard': defineRoute({
    ...signed,
    path: '/pool-hooks/standard/:number',
    limits: [{ by: 'provider', pool: 'hooks', ...two }],
  }),
  'pool-hooks-github': defineRoute({
    ...pushes,
    path: '/pool-hooks/github',
    limits: [{ by: 'provider', pool: 'hooks', ...two }],
  }),

  costly: defineRoute({
    ...get,
    path: '/costly/:who/:units',
    limits: [
      {
        by: ({ params }) => params.who,
        max: 10,
        window: 'day',
        cost: ({ params }) => Number(params.units),
      },
    ],
  }),
  'costly-watched': defineRoute({
    ...get,
    mode: 'report',
    path: '/costly-watched/:units',
    limits: [
      { by: 'route', max: 10, window: 'day', cost: ({ params }) => Number(params.units) },
      { by: fails, max: 10, window: 'day' },
    ],
  }),
  'costly-tried': defineRoute({
    ...get,
    path: '/costly-tried/:units',
    limits: [
      { by: 'route', max: 10, window: 'day', mode: 'report', cost: ({ params }) => Number(params.units) },
      { by: fails, max: 10, window: 'day', mode: 'report' },
    ],
  }),
  'heavy-body': defineRoute({
    ...hook,
    authenticate: anonymous(),
    path: '/heavy-body',
    body: v.object({ items: v.array(v.string()) }),
    limits: [{ by: 'route', max: 10, window: 'day', cost: ({ input }) => input.items.length }],
  }),

  tiers: defineRoute({
    ...get,
    path: '/tiers/:who/:plan',
    limits: [
      {
        by: ({ params }) => params.who,
        max: 1,
        window: '1 d',
        algorithm: 'tokenBucket',
        tier: ({ params }) => (params.plan === 'none' ? undefined : params.plan),
        tiers: { pro: 2, enterprise: { max: 4, refill: 3 } },
      },
    ],
  }),
  'tier-of-caller': defineRoute({
    ...keyed,
    path: '/tier-of-caller',
    limits: [
      { by: 'apiKey', ...two, tier: ({ principal }) => principal.plan, tiers: { pro: 5, enterprise: 7 } },
    ],
  }),
  'tier-broken': defineRoute({
    ...get,
    path: '/tier-broken',
    limits: [{ by: 'route', ...two, tier: fails, tiers: { pro: 9 } }],
  }),
  'tier-broken-watched': defineRoute({
    ...get,
    path: '/tier-broken-watched',
    limits: [{ by: 'route', ...two, tier: fails, tiers: { pro: 9 }, mode: 'report' }],
  }),

  quotas: defineRoute({
    ...get,
    path: '/quotas/:who',
    limits: [
      { name: 'burst', by: ({ params }) => params.who, max: 50, window: '10 s' },
      { name: 'daily', by: ({ params }) => params.who, max: 3, window: 'day' },
      { name: 'monthly', by: ({ params }) => params.who, max: 100, window: 'month' },
    ],
  }),
  mixed: defineRoute({
    ...keyed,
    path: '/mixed/:who',
    tenant: ({ principal }) => principal.account,
    limits: [
      { by: 'route', pool: 'mixed', max: 50, window: '1 d' },
      { by: 'tenant', max: 50, window: 'month' },
      { by: 'apiKey', max: 50, window: 'day', cost: () => 2 },
      { by: 'principal', max: 50, window: '1 d', algorithm: 'tokenBucket' },
      { by: 'client', max: 50, window: '1 d', tier: ({ principal }) => principal.plan, tiers: { pro: 40 } },
      { name: 'narrow', by: ({ params }) => params.who, max: 1, window: '1 d' },
    ],
  }),
}

type Admitted = Parameters<ReturnType<StateFactory>['admit']>[0]
const admitted: Admitted['limits'][] = []

/** The real backend, with the limits that it is asked for noted. */
const watched =
  (make: StateFactory): StateFactory =>
  (env) => {
    const state = make(env)
    return {
      ...state,
      admit(request) {
        admitted.push(request.limits)
        return state.admit(request)
      },
    }
  }

const gateway = createGateway(routes, { state: { 'durable-object': watched(durableObjectState()) } })

export default {
  fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Response | Promise<Response> {
    if (request.headers.get('host') === 'door.test') return Response.json(admitted.splice(0))
    return gateway.fetch(request, env as never, ctx)
  },
}
