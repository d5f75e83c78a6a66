import { createGateway, defineRoute, type StateFactory } from 'sallyport'
import { dpop, jwt, oneOf } from 'sallyport/credentials'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'
import * as v from 'valibot'
import { costOf } from '../tokens/cost.ts'

export { SallyportState } from 'sallyport/durable-object'

// The vars of this Worker, which wrangler.toml does not have.
const ISSUER = 'TOKEN_ISSUER' as never
const OTHER_ISSUER = 'OTHER_ISSUER' as never

const algorithms = ['ES256', 'ES384', 'RS256', 'EdDSA'] as const
const orders = { issuer: ISSUER, audience: 'orders-api', algorithms } as const
const token = jwt(orders)

const base = {
  method: 'GET',
  owner: 'orders',
  sensitivity: 'internal',
  authorize: ({ principal }: { principal: { scopes: readonly string[] } }) =>
    principal.scopes.includes('orders:read'),
  forward: {
    to: 'ORIGIN_URL',
    timeout: '2 s',
    headers: ({ principal }: { principal: { sub: string; issuer: string } }) => ({
      'x-subject': principal.sub,
      'x-issuer': principal.issuer,
    }),
  },
} as const

const routes = {
  orders: defineRoute({ ...base, path: '/orders', authenticate: token }),
  post: defineRoute({
    ...base,
    method: 'POST',
    path: '/orders',
    authenticate: token,
    body: v.looseObject({}),
  }),
  writes: defineRoute({
    ...base,
    path: '/writes',
    authenticate: token,
    authorize: ({ principal }) => principal.scopes.includes('orders:write'),
  }),
  billing: defineRoute({
    ...base,
    path: '/billing',
    authenticate: jwt({ ...orders, audience: 'billing-api' }),
  }),
  plain: defineRoute({ ...base, path: '/plain', authenticate: jwt({ ...orders, type: 'jwt' }) }),
  bound: defineRoute({
    ...base,
    path: '/bound',
    authenticate: jwt({ ...orders, dpop: dpop({ required: true }) }),
  }),
  tenant: defineRoute({
    ...base,
    path: '/tenant',
    authenticate: jwt({ ...orders, claims: v.looseObject({ tenant: v.literal('acme') }) }),
  }),
  either: defineRoute({
    ...base,
    path: '/either',
    authenticate: oneOf(token, jwt({ ...orders, issuer: OTHER_ISSUER })),
  }),
  other: defineRoute({ ...base, path: '/other', authenticate: jwt({ ...orders, issuer: OTHER_ISSUER }) }),
  scarce: defineRoute({
    ...base,
    path: '/scarce',
    authenticate: token,
    limits: [{ by: 'principal', max: 2, window: '1 h' }],
  }),
}

const state: Record<'durable-object', StateFactory> = { 'durable-object': durableObjectState() }
const gateway = createGateway(routes, { state })

const realNow = Date.now
let aheadMs = 0
Date.now = () => realNow() + aheadMs

async function testDoor(request: Request, env: Readonly<Record<string, unknown>>): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/_test/cost') return Response.json(await costOf(token, await request.json(), env))
  const asked = (await request.json()) as { aheadMs?: number; revoke?: string }
  if (asked.aheadMs !== undefined) aheadMs = asked.aheadMs
  if (asked.revoke !== undefined)
    await durableObjectOperations(env).revoke(asked.revoke, Date.now() + 3_600_000)
  return Response.json({})
}

export default {
  fetch(request: Request, env: Readonly<Record<string, unknown>>, ctx: ExecutionContext): Promise<Response> {
    if (request.headers.get('host') === 'door.test') return testDoor(request, env)
    return gateway.fetch(request, env, ctx)
  },
}
