import { createGateway, defineRoute, hasScope, routeDefaults } from 'sallyport'
import { dpop, jwt } from 'sallyport/credentials'
import { durableObjectState } from 'sallyport/durable-object'

export { SallyportState } from 'sallyport/durable-object'

const issuer = {
  // The var is one of the test's own.
  issuer: 'ISSUER' as never,
  audience: 'https://orders.test/api',
  algorithms: ['ES256', 'RS256'],
} as const

const route = routeDefaults({ owner: 'orders', sensitivity: 'internal' })
const api = { ...route, method: 'GET', deadline: '5 s' } as const
const forward = { to: 'ORIGIN_URL', timeout: '5 s' } as const

const routes = {
  orders: defineRoute({
    ...api,
    path: '/orders',
    authenticate: jwt(issuer),
    authorize: hasScope('orders:read'),
    forward: { ...forward, headers: ({ principal }) => ({ 'x-client': principal.clientId ?? 'none' }) },
  }),
  write: defineRoute({
    ...api,
    path: '/orders/write',
    authenticate: jwt(issuer),
    authorize: hasScope('orders:write'),
    forward,
  }),
  bound: defineRoute({
    ...api,
    path: '/bound',
    authenticate: jwt({ ...issuer, dpop: dpop({ required: true }) }),
    authorize: hasScope('orders:read'),
    forward,
  }),
}

const gateway = createGateway(routes, { state: { 'durable-object': durableObjectState() } })

// The clock of this isolate, which the test moves through its door.
const realNow = Date.now
let aheadMs = 0
Date.now = () => realNow() + aheadMs

export default {
  async fetch(
    request: Request,
    env: Readonly<Record<string, unknown>>,
    ctx: ExecutionContext,
  ): Promise<Response> {
    if (request.headers.get('host') !== 'door.test') return gateway.fetch(request, env, ctx)
    const { ms } = (await request.json()) as { ms: number }
    aheadMs += ms
    return Response.json({ aheadMs })
  },
}
