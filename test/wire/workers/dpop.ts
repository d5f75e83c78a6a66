import { createGateway, defineRoute, routeDefaults } from 'sallyport'
import { type DpopOptions, dpop, jwt } from 'sallyport/credentials'
import { durableObjectState } from 'sallyport/durable-object'
import { upstashState } from 'sallyport/upstash'
import * as v from 'valibot'
import { fixedKeys } from '../../../src/keys/index.ts'

export { SallyportState } from 'sallyport/durable-object'

const algorithms = ['ES256'] as const
const bound = (options: DpopOptions) =>
  jwt({
    // The var is one of the test's own.
    issuer: 'ISSUER' as never,
    audience: 'orders-api',
    algorithms,
    keys: fixedKeys({ algorithms, variable: 'ISSUER_KEYS' }),
    dpop: dpop(options),
  })

const route = routeDefaults({ owner: 'orders', sensitivity: 'payment' })
const forward = { to: 'ORIGIN_URL', timeout: '5 s' } as const
const api = { ...route, authorize: () => true, query: v.looseObject({}), forward }

const routes = {
  orders: defineRoute({
    ...api,
    method: ['POST', 'PUT'],
    path: '/tenants/:tenant/orders',
    authenticate: bound({}),
    body: v.looseObject({}),
    // The client names it as it likes: no other name makes a used proof good again.
    tenant: ({ input }) => String(input.tenant ?? ''),
  }),
  read: defineRoute({ ...api, method: 'GET', path: '/read/*', authenticate: bound({}) }),
  copies: defineRoute({
    ...api,
    method: 'GET',
    path: '/copies',
    authenticate: bound({}),
    replay: { onDuplicate: 'forward' },
  }),
  strict: defineRoute({ ...api, method: 'GET', path: '/strict', authenticate: bound({ required: true }) }),
  nonced: defineRoute({ ...api, method: 'GET', path: '/nonced', authenticate: bound({ nonce: '1 h' }) }),
  ready: defineRoute({ ...api, method: 'GET', path: '/renewed', authenticate: bound({ nonce: '10 s' }) }),
}

export default createGateway(routes, {
  state: { 'durable-object': durableObjectState(), upstash: upstashState() },
})
