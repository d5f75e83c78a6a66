// What the compiler refuses in a route file: each mistake stands under an expectation, so that a type that
// grows too wide fails the type check.
import { type Authenticator, anonymous, defineRoute, type Principal } from 'sallyport'
import { github, stripe } from 'sallyport/webhooks'
import * as v from 'valibot'

interface TokenPrincipal extends Principal {
  kind: 'token'
  claims: { sub: string; tenant: string; scope: string }
}
declare const token: () => Authenticator<TokenPrincipal, 'token'>

type IsAny<T> = 0 extends 1 & T ? true : false
const expectFalse = <T extends false>(_: T): void => undefined

const common = {
  method: 'POST',
  path: '/tenants/:tenant/orders',
  owner: 'orders',
  sensitivity: 'pii',
} as const

// A whole route compiles, and its functions see exact types.
defineRoute({
  ...common,
  authenticate: token(),
  authorize: ({ principal, params }) => {
    expectFalse({} as IsAny<typeof principal>)
    expectFalse({} as IsAny<typeof params>)
    return principal.claims.tenant === params.tenant
  },
  limits: [{ by: ({ principal }) => principal.claims.tenant, max: 100, window: '1 m' }],
  body: v.strictObject({ sku: v.string(), quantity: v.number() }),
  forward: {
    to: 'ORIGIN_URL',
    headers: ({ principal, input }) => {
      expectFalse({} as IsAny<typeof input>)
      return { 'x-subject': principal.claims.sub, 'x-sku': input.sku }
    },
  },
})

// @ts-expect-error a misspelt secret
github({ secret: 'GITHUB_WEBHOOK_SECRT', events: ['push'] })

// @ts-expect-error a var in a secret's place
stripe({ secret: 'ORIGIN_URL' })

// @ts-expect-error a binding in a secret's place
stripe({ secret: 'SALLYPORT_STATE' })

// @ts-expect-error no declared events, although the topic is not signed
github({ secret: 'GITHUB_WEBHOOK_SECRET' })

// @ts-expect-error an empty list of events
github({ secret: 'GITHUB_WEBHOOK_SECRET', events: [] })

// @ts-expect-error a secret as a destination
defineRoute({ ...common, authenticate: anonymous(), forward: { to: 'GITHUB_WEBHOOK_SECRET' } })

// @ts-expect-error a destination that is declared nowhere
defineRoute({ ...common, authenticate: anonymous(), forward: { to: 'ORIGIN' } })

// @ts-expect-error a token route without authorize
defineRoute({ ...common, authenticate: token(), forward: { to: 'ORIGIN_URL' } })

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error a path parameter that the path does not have
  authorize: ({ principal, params }) => principal.claims.tenant === params.tenat,
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: token(),
  // @ts-expect-error a claim that the principal does not have
  authorize: ({ principal }) => principal.claims.role === 'admin',
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: anonymous(),
  body: v.strictObject({ quantity: v.number() }),
  forward: {
    to: 'ORIGIN_URL',
    // @ts-expect-error a number where a header wants text
    headers: ({ input }) => ({ 'x-quantity': input.quantity }),
  },
})

// @ts-expect-error a duration without its space
defineRoute({ ...common, authenticate: anonymous(), deadline: '1s', forward: { to: 'ORIGIN_URL' } })

// @ts-expect-error a duration with an unknown unit
defineRoute({ ...common, authenticate: anonymous(), deadline: '1 week', forward: { to: 'ORIGIN_URL' } })

// @ts-expect-error an unknown sensitivity
defineRoute({ ...common, sensitivity: 'secret', authenticate: anonymous(), forward: { to: 'ORIGIN_URL' } })

// @ts-expect-error a route without an owner
defineRoute({
  method: 'GET',
  path: '/',
  sensitivity: 'public',
  authenticate: anonymous(),
  forward: { to: 'ORIGIN_URL' },
})

// Who may open while shared state is down says so at length; a webhook may not, since its deliveries are claimed.
defineRoute({
  ...common,
  authenticate: anonymous(),
  failure: { state: 'unsafeAllowWhenStateIsDown' },
  firstTier: 'route',
  forward: { to: 'ORIGIN_URL' },
})
defineRoute({
  ...common,
  authenticate: token(),
  authorize: () => true,
  failure: { state: { degraded: { max: 10, window: '10 s' } } },
  forward: { to: 'ORIGIN_URL' },
})
defineRoute({
  ...common,
  authenticate: stripe({ secret: 'STRIPE_WEBHOOK_SECRET' }),
  failure: { state: 'closed' },
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: stripe({ secret: 'STRIPE_WEBHOOK_SECRET' }),
  // @ts-expect-error a webhook that opens
  failure: { state: 'unsafeAllowWhenStateIsDown' },
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: stripe({ secret: 'STRIPE_WEBHOOK_SECRET' }),
  // @ts-expect-error a webhook with a cap for outages
  failure: { state: { degraded: { max: 10, window: '10 s' } } },
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: anonymous(),
  // @ts-expect-error a short word for a dangerous option
  failure: { state: 'open' },
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: anonymous(),
  // @ts-expect-error a cap without a window
  failure: { state: { degraded: { max: 10 } } },
  forward: { to: 'ORIGIN_URL' },
})

defineRoute({
  ...common,
  authenticate: anonymous(),
  // @ts-expect-error a first tier by principal: nobody is known there
  firstTier: 'principal',
  forward: { to: 'ORIGIN_URL' },
})
