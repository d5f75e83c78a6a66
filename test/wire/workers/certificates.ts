import { createGateway, defineRoute, routeDefaults } from 'sallyport'
import { clientCertificate, dpop, jwt, oneOf } from 'sallyport/credentials'
import { durableObjectState } from 'sallyport/durable-object'
import { fixedKeys } from '../../../src/keys/index.ts'

export { SallyportState } from 'sallyport/durable-object'

const algorithms = ['ES256'] as const
const tokens = jwt({
  // The var is one of the test's own.
  issuer: 'ISSUER' as never,
  audience: 'orders-api',
  algorithms,
  keys: fixedKeys({ algorithms, variable: 'ISSUER_KEYS' }),
  dpop: dpop(),
})
const partners = clientCertificate({
  issuers: ['CN=Partner CA,O=Acme,C=DE'],
  subjects: ['CN=billing,O=Acme,C=DE'],
  scopes: ['invoices:read'],
})

const route = routeDefaults({ owner: 'partners', sensitivity: 'internal' })
const api = { ...route, method: 'GET', authorize: () => true } as const
const forward = { to: 'ORIGIN_URL', timeout: '5 s' } as const

const routes = {
  partners: defineRoute({
    ...api,
    path: '/partners',
    authenticate: partners,
    authorize: ({ principal }) => principal.scopes.includes('invoices:read'),
    limits: [{ by: 'principal', max: 100, window: '1 m' }],
    forward: {
      ...forward,
      headers: ({ principal }) => ({
        'x-fingerprint': principal.fingerprint,
        'x-subject': principal.subject,
      }),
    },
  }),
  either: defineRoute({
    ...api,
    path: '/either',
    authenticate: oneOf(tokens, partners),
    forward: { ...forward, headers: ({ principal }) => ({ 'x-kind': principal.kind }) },
  }),
  tokens: defineRoute({ ...api, path: '/tokens', authenticate: tokens, forward }),
}

const gateway = createGateway(routes, { state: { 'durable-object': durableObjectState() } })

/** What Cloudflare would tell of the connection, which bare workerd has no word on. */
function told(request: Request): Request {
  const tls = request.headers.get('x-test-tls')
  if (tls === null) return request
  return new Request(request, { cf: { ...request.cf, tlsClientAuth: JSON.parse(tls) } })
}

export default {
  fetch(request: Request, env: Readonly<Record<string, unknown>>, ctx: ExecutionContext): Promise<Response> {
    const trust = request.headers.get('x-test-trust') ?? 'cloudflare'
    return gateway.fetch(told(request), trust === env.TRUST ? env : { ...env, TRUST: trust }, ctx)
  },
}
