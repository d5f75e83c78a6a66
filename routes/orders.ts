import { all, defineRoute, hasScope, sameTenant } from 'sallyport'
import { jwt } from 'sallyport/credentials'
import * as v from 'valibot'

export default defineRoute({
  method: 'POST',
  path: '/tenants/:tenant/orders',
  owner: 'orders',
  sensitivity: 'payment',
  authenticate: jwt({
    issuer: 'ISSUER',
    audience: 'orders-api',
    algorithms: ['ES256'],
    // The claims that this file relies on; what a token says beside them is left alone.
    claims: v.looseObject({ tenant: v.string() }),
  }),
  authorize: all(hasScope('orders:write'), sameTenant('tenant')),
  limits: [
    { by: 'principal', max: 20, window: '10 s' },
    { by: 'client', max: 300, window: '1 m' },
  ],
  body: {
    schema: v.strictObject({
      sku: v.pipe(v.string(), v.maxLength(64)),
      quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
    }),
    maxBytes: 32_768,
  },
  forward: { to: 'ORIGIN_URL', headers: ({ principal }) => ({ 'x-subject': principal.sub }) },
})
