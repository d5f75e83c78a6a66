import { createGateway, defineRoute, hasScope, routeDefaults, StateError, type StateFactory } from 'sallyport'
import { apiKey, oneOf } from 'sallyport/credentials'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'
import { upstashOperations, upstashState } from 'sallyport/upstash'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

// The secrets of this Worker, which wrangler.toml does not have.
const checksum = 'API_KEY_CHECKSUM' as never
const keys = { secret: 'API_KEYS' as never }

const ours = { prefix: 'acme_live', checksum, keys: 'state' } as const
const base = routeDefaults({
  method: 'GET',
  owner: 'reports',
  sensitivity: 'internal',
  deadline: '5 s',
  forward: { to: 'ORIGIN_URL', timeout: '5 s' },
})
const read = hasScope('reports:read')

const routes = {
  reports: defineRoute({
    ...base,
    path: '/reports',
    authenticate: apiKey({ ...ours, headers: ['authorization', 'x-api-key'] }),
    authorize: read,
    forward: {
      to: 'ORIGIN_URL',
      timeout: '5 s',
      headers: ({ principal }) => ({ 'x-key-id': principal.keyId }),
    },
  }),
  brief: defineRoute({
    ...base,
    path: '/brief',
    authenticate: apiKey({ ...ours, cache: '500 ms' }),
    authorize: read,
  }),
  tenants: defineRoute({
    ...base,
    path: '/tenants/:tenant',
    authenticate: apiKey({ ...ours, claims: v.object({ tenant: v.string() }) }),
    authorize: ({ principal, params }) => principal.claims.tenant === params.tenant,
  }),
  listed: defineRoute({ ...base, path: '/listed', authenticate: apiKey({ ...ours, keys }), authorize: read }),
  imported: defineRoute({
    ...base,
    path: '/imported',
    authenticate: apiKey({ ...ours, imported: { pattern: /^sk_[0-9a-f]{32}$/ } }),
    authorize: read,
  }),
  'imported-brief': defineRoute({
    ...base,
    path: '/imported-brief',
    authenticate: apiKey({ ...ours, imported: { pattern: /^sk_[0-9a-f]{32}$/ }, cache: '50 ms' }),
    authorize: read,
  }),
  either: defineRoute({
    ...base,
    path: '/either',
    authenticate: oneOf(apiKey(ours), apiKey({ ...ours, prefix: 'acme_test', keys })),
    authorize: read,
  }),
}

let asked = 0
let isDown = false

/** The real backend, whose look-ups of keys are counted and can be made to fail. */
const counted =
  (make: StateFactory): StateFactory =>
  (env) => {
    const state = make(env)
    return {
      ...state,
      findApiKey(digest, signal) {
        asked += 1
        return isDown ? Promise.reject(new StateError('not reachable')) : state.findApiKey(digest, signal)
      },
    }
  }

const gateway = createGateway(routes, {
  state: { 'durable-object': counted(durableObjectState()), upstash: counted(upstashState()) },
})

/** The door of the tests: operations by their name, how many look-ups there were, and an outage. */
async function door(request: Request, env: Cloudflare.Env): Promise<Response> {
  const {
    operation,
    args = [],
    down,
  } = (await request.json()) as {
    operation?: string
    args?: unknown[]
    down?: boolean
  }
  if (down !== undefined) isDown = down
  const operations =
    env.STATE === ('upstash' as string) ? upstashOperations({ ...env }) : durableObjectOperations({ ...env })
  if (operation !== undefined) {
    const call = operations[operation as keyof typeof operations] as (...args: unknown[]) => Promise<unknown>
    await call(...args)
  }
  const answer = { asked }
  asked = 0
  return Response.json(answer)
}

export default {
  fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Response | Promise<Response> {
    if (request.headers.get('host') === 'door.test') return door(request, env)
    return gateway.fetch(request, env as never, ctx)
  },
}
