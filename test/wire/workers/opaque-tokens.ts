import { createGateway, defineRoute, hasScope, routeDefaults } from 'sallyport'
import { apiKey, dpop, oneOf, opaqueToken } from 'sallyport/credentials'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'

export { SallyportState } from 'sallyport/durable-object'

// The vars and secrets of this Worker, which wrangler.toml does not have.
const asked = {
  introspection: 'INTROSPECTION_URL' as never,
  clientId: 'INTROSPECTION_CLIENT' as never,
  clientSecret: 'INTROSPECTION_SECRET' as never,
  issuer: 'TOKEN_ISSUER' as never,
}
const orders = opaqueToken({ ...asked, audience: 'orders-api' })
const keys = apiKey({
  prefix: 'acme_live',
  checksum: 'API_KEY_CHECKSUM' as never,
  keys: { secret: 'API_KEYS' as never },
})

const base = routeDefaults({
  method: 'GET',
  owner: 'orders',
  sensitivity: 'internal',
  deadline: '10 s',
  forward: { to: 'ORIGIN_URL', timeout: '5 s' },
})
const authorize = hasScope('orders:read')

// A Worker's clock stands still while it computes: the tests move it.
const clock = Date.now
let offsetMs = 0
Date.now = () => clock() + offsetMs

const gateway = createGateway(
  {
    orders: defineRoute({
      ...base,
      path: '/orders',
      authenticate: orders,
      authorize,
      forward: {
        to: 'ORIGIN_URL',
        timeout: '5 s',
        headers: ({ principal }) => ({ 'x-subject': principal.sub }),
      },
    }),
    hasty: defineRoute({ ...base, path: '/hasty', authenticate: orders, authorize, deadline: '600 ms' }),
    brief: defineRoute({
      ...base,
      path: '/brief',
      authenticate: opaqueToken({ ...asked, audience: 'orders-api', cache: '200 ms' }),
      authorize,
    }),
    billing: defineRoute({
      ...base,
      path: '/billing',
      authenticate: opaqueToken({ ...asked, audience: 'billing-api' }),
      authorize,
    }),
    bound: defineRoute({
      ...base,
      path: '/bound',
      authenticate: opaqueToken({ ...asked, audience: 'orders-api', dpop: dpop() }),
      authorize,
    }),
    either: defineRoute({ ...base, path: '/either', authenticate: oneOf(keys, orders), authorize }),
  },
  { state: { 'durable-object': durableObjectState() } },
)

export default {
  async fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Promise<Response> {
    if (request.headers.get('host') !== 'door.test') return gateway.fetch(request, env as never, ctx)
    const { moveMs = 0, revoke } = (await request.json()) as { moveMs?: number; revoke?: string }
    offsetMs += moveMs
    if (revoke !== undefined) await durableObjectOperations({ ...env }).revoke(revoke, Date.now() + 3_600_000)
    return Response.json({ now: Date.now() })
  },
}
