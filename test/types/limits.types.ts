// What the compiler refuses in limits: each mistake stands under an expectation.
import {
  type ApiKeyPrincipal,
  type Authenticator,
  anonymous,
  defineRoute,
  type FailurePolicy,
  type FirstTier,
  type LimitBy,
  type LimitOptions,
  type Principal,
  routeDefaults,
} from 'sallyport'
import * as v from 'valibot'

interface Caller extends ApiKeyPrincipal {
  plan: 'pro' | 'enterprise' | undefined
  account: string
}
declare const apiKey: () => Authenticator<Caller, 'apiKey'>
declare const either: () => Authenticator<Principal, 'webhook' | 'token'>

type IsAny<T> = 0 extends 1 & T ? true : false
const expectFalse = <T extends false>(_: T): void => undefined

const common = {
  method: 'POST',
  path: '/tenants/:tenant/orders',
  owner: 'orders',
  sensitivity: 'pii',
} as const
const keyed = {
  ...common,
  authenticate: apiKey(),
  authorize: () => true,
  forward: { to: 'ORIGIN_URL' },
} as const
const limit = { by: 'route', max: 10, window: '1 m' } as const

// Everything that a limit can say compiles, and its functions see exact types.
defineRoute({
  ...common,
  authenticate: apiKey(),
  authorize: ({ principal }) => principal.account !== '',
  tenant: ({ principal, params, input }) => {
    expectFalse({} as IsAny<typeof principal>)
    expectFalse({} as IsAny<typeof params>)
    expectFalse({} as IsAny<typeof input>)
    return params.tenant + principal.account
  },
  limits: [
    { by: 'tenant', pool: 'api', max: 100, window: 'day' },
    { by: 'apiKey', max: 100, window: 'month', cost: ({ input }) => input.items.length },
    {
      by: 'principal',
      max: 10,
      window: '1 m',
      algorithm: 'tokenBucket',
      refill: 2,
      tier: ({ principal }) => principal.plan,
      tiers: { pro: 20, enterprise: { max: 50, refill: 10 } },
    },
    { name: 'mine', by: ({ params }) => params.tenant, max: 5, window: '10 s', mode: 'report' },
  ],
  body: v.object({ items: v.array(v.string()) }),
  forward: { to: 'ORIGIN_URL' },
})

// What a deployment builds out of settings of its own has the names that the package gives it.
const owner: LimitBy = 'tenant'
const quota: LimitOptions<unknown> = { by: owner, max: 100, window: 'day' }
const outage: FailurePolicy = { degraded: { name: 'outage', max: 5, window: '10 s' } }
const tier: FirstTier = 'route'
defineRoute({
  ...keyed,
  tenant: ({ principal }) => principal.account,
  limits: [quota],
  failure: { state: outage },
  firstTier: tier,
})

// @ts-expect-error an owner that there is not, by the type's name
const _owner: LimitBy = 'ip'

// @ts-expect-error a policy that opens in one short word
const _outage: FailurePolicy = 'open'

// @ts-expect-error a first tier that counts by something else
const _tier: FirstTier = 'principal'

// @ts-expect-error a misspelt owner
defineRoute({ ...keyed, limits: [{ ...limit, by: 'apikey' }] })

// @ts-expect-error an owner that there is not
defineRoute({ ...keyed, limits: [{ ...limit, by: 'ip' }] })

// @ts-expect-error a window of the calendar that there is not
defineRoute({ ...keyed, limits: [{ ...limit, window: 'week' }] })

// @ts-expect-error a cost in words
defineRoute({ ...keyed, limits: [{ ...limit, cost: '2' }] })

// @ts-expect-error a cost that a function names in words
defineRoute({ ...keyed, limits: [{ ...limit, cost: ({ principal }) => principal.account }] })

// @ts-expect-error a cost that comes later
defineRoute({ ...keyed, limits: [{ ...limit, cost: async () => 1 }] })

// @ts-expect-error a tier that is no text
defineRoute({ ...keyed, limits: [{ ...limit, tier: () => 7, tiers: { pro: 20 } }] })

// @ts-expect-error a claim that the principal does not have
defineRoute({ ...keyed, limits: [{ ...limit, tier: ({ principal }) => principal.plans, tiers: {} }] })

// @ts-expect-error a tier's max in words
defineRoute({ ...keyed, limits: [{ ...limit, tier: () => 'pro', tiers: { pro: '20' } }] })

// @ts-expect-error a misspelt option of a tier
defineRoute({ ...keyed, limits: [{ ...limit, tier: () => 'pro', tiers: { pro: { max: 5, refil: 1 } } }] })

// @ts-expect-error an owner's text that may be missing
defineRoute({ ...keyed, limits: [{ ...limit, by: ({ principal }) => principal.plan }] })

// @ts-expect-error a misspelt option
defineRoute({ ...keyed, limits: [{ ...limit, pol: 'api' }] })

// @ts-expect-error a path parameter that the path does not have
defineRoute({ ...keyed, tenant: ({ params }) => params.tenat })

// @ts-expect-error a tenant that may be missing
defineRoute({ ...keyed, tenant: ({ principal }) => principal.plan })

// @ts-expect-error the tenant where it stood before
defineRoute({ ...keyed, replay: { tenant: ({ params }) => params.tenant } })

// @ts-expect-error a route of API keys without authorize
defineRoute({ ...common, authenticate: apiKey(), forward: { to: 'ORIGIN_URL' } })

// @ts-expect-error a route of several kinds without authorize, one of which needs it
defineRoute({ ...common, authenticate: either(), forward: { to: 'ORIGIN_URL' } })

// Public routes need none.
defineRoute({ ...common, authenticate: anonymous(), forward: { to: 'ORIGIN_URL' } })

// A tenant that several routes share goes by what every principal has.
const shared = routeDefaults({ owner: 'orders', sensitivity: 'pii', tenant: ({ principal }) => principal.id })
defineRoute({
  ...shared,
  method: 'GET',
  path: '/orders/:id',
  authenticate: apiKey(),
  authorize: ({ principal, params }) => principal.account === params.id,
  limits: [{ by: 'tenant', max: 5, window: '10 s' }],
  forward: { to: 'ORIGIN_URL' },
})
