import {
  anonymous,
  createGateway,
  defineRoute,
  type GatewayOptions,
  routeDefaults,
  type StateFactory,
} from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { standard } from 'sallyport/webhooks'
import * as v from 'valibot'

export { SallyportState } from 'sallyport/durable-object'

const open = routeDefaults({ owner: 'platform', sensitivity: 'public' })
const forward = { to: 'ORIGIN_URL', timeout: '2 s' } as const
const get = {
  ...open,
  method: 'GET',
  authenticate: anonymous(),
  deadline: '600 ms',
  limits: [{ by: 'route', max: 100_000, window: '1 m' }],
  forward,
} as const

const routes = {
  closed: defineRoute({ ...get, path: '/closed' }),
  allowed: defineRoute({ ...get, path: '/allowed', failure: { state: 'unsafeAllowWhenStateIsDown' } }),
  degraded: defineRoute({
    ...get,
    path: '/degraded',
    failure: { state: { degraded: { name: 'spare', max: 3, window: '1 h' } } },
  }),
  patient: defineRoute({ ...get, path: '/patient', deadline: '10 s' }),
  few: defineRoute({ ...get, path: '/few', limits: [{ by: 'client', max: 2, window: '1 h' }] }),
  'few-watched': defineRoute({
    ...get,
    path: '/few-watched',
    mode: 'report',
    deadline: '1 s',
    budget: '1 s',
    limits: [{ by: 'client', max: 2, window: '1 h' }],
  }),
  watched: defineRoute({ ...get, path: '/watched', mode: 'report' }),
  'tier-by-route': defineRoute({ ...get, path: '/by-route', firstTier: 'route' }),
  'tier-off': defineRoute({ ...get, path: '/off', firstTier: 'off' }),
  hook: defineRoute({
    ...open,
    method: 'POST',
    path: '/hook',
    authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }),
    deadline: '600 ms',
    body: v.looseObject({}),
    forward,
  }),
}

addEventListener('unhandledrejection', ({ reason }) => {
  console.error(`unhandled rejection: ${String(reason)}`)
})

let fault: 'none' | 'throw' | 'hang' | 'lost-reply' = 'none'
let tier: 'open' | 'full' | 'throw' | 'hang' = 'open'
const asked = { admit: 0, settle: 0, giveBack: 0 }
const keys: string[] = []

/** The real backend, with the fault that is on put before it. */
const faulty =
  (make: StateFactory): StateFactory =>
  (env) => {
    const state = make(env)
    const through = async <T>(operation: keyof typeof asked, run: () => Promise<T>): Promise<T> => {
      asked[operation]++
      if (fault === 'throw') throw new Error('shared state is down')
      if (fault === 'hang') return new Promise(() => {})
      const answer = await run()
      if (fault === 'lost-reply') throw new Error('the reply was lost')
      return answer
    }
    return {
      ...state,
      admit: (request) => through('admit', () => state.admit(request)),
      settle: (settlement) => through('settle', () => state.settle(settlement)),
      giveBack: (request) => through('giveBack', () => state.giveBack(request)),
    }
  }

/** In the place of a rate-limit binding, which bare workerd does not have. */
const limiter = {
  async limit({ key }: { key: string }): Promise<{ success: boolean }> {
    keys.push(key)
    if (tier === 'throw') throw new Error('the binding is broken')
    if (tier === 'hang') return new Promise(() => {})
    return { success: tier === 'open' }
  },
}

const state = { 'durable-object': faulty(durableObjectState()) }
/** Deployments of one Worker, told apart by the host. */
const deployments: Record<string, Omit<GatewayOptions, 'state'>> = {
  'gw.test': {},
  'legacy.test': { legacyRateLimitHeaders: true },
  'tiered.test': { firstTier: { binding: 'FIRST_TIER' } },
  'misbound.test': { firstTier: { binding: 'SALLYPORT_STATE' } },
  'unbound.test': { firstTier: { binding: 'ELSEWHERE' } },
}
type Bindings = Readonly<Record<string, unknown>>
const served = new Map<string, { fetch: ReturnType<typeof createGateway>['fetch']; env: Bindings }>()

async function testDoor(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/_test/asked') {
    const seen = { ...asked, keys: keys.splice(0) }
    Object.assign(asked, { admit: 0, settle: 0, giveBack: 0 })
    return Response.json(seen)
  }
  const body = (await request.json()) as { fault?: typeof fault; tier?: typeof tier }
  fault = body.fault ?? 'none'
  tier = body.tier ?? 'open'
  return Response.json({})
}

export default {
  async fetch(request: Request, env: Bindings, ctx: ExecutionContext): Promise<Response> {
    const host = request.headers.get('host') ?? ''
    if (host === 'door.test') return testDoor(request)
    let deployment = served.get(host)
    if (!deployment) {
      const { fetch } = createGateway(routes, { state, ...deployments[host] })
      deployment = { fetch, env: { ...env, PUBLIC_HOSTS: host, FIRST_TIER: limiter } }
      served.set(host, deployment)
    }
    return deployment.fetch(request, deployment.env, ctx)
  },
}
