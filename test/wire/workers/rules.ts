import {
  type ApiKeyPrincipal,
  type AuthorizeFacts,
  acr,
  all,
  anonymous,
  any,
  authenticatedWithin,
  country,
  createGateway,
  defineRoute,
  describe,
  during,
  hasRole,
  hasScope,
  network,
  not,
  ownedBy,
  type Route,
  routeDefaults,
  sameTenant,
  type TokenPrincipal,
} from 'sallyport'
import { oneOf } from 'sallyport/credentials'
import { durableObjectOperations, durableObjectState } from 'sallyport/durable-object'
import { allow, deny } from '../../../src/contract.ts'
import { credential } from '../../../src/credentials/engine.ts'
import type { CredentialScheme, Place } from '../../../src/credentials/scheme.ts'

export { SallyportState } from 'sallyport/durable-object'

type Bindings = Readonly<Record<string, unknown>>

const ISSUER = 'https://issuer.test/'

interface TestClaims {
  tenant?: unknown
  auth_time?: unknown
  acr?: unknown
}
type Token = TokenPrincipal<TestClaims>

/** What the texts of test tokens stand for; `'claims'` is read as JSON. */
const tokens: Record<string, Partial<Token>> = {
  nothing: {},
  writer: { scopes: ['orders:write'], claims: { tenant: 'acme-canary-1d2e' } },
  reader: { scopes: ['orders:read'], claims: { tenant: 'acme-canary-1d2e' } },
  nobody: { scopes: ['orders:write'], claims: {} },
  listed: { scopes: ['orders:write'], claims: { tenant: ['acme-canary-1d2e'] } },
  admin: { roles: ['admin'] },
  revoked: { sub: 'revoked', scopes: ['orders:write'], claims: { tenant: 'acme-canary-1d2e' } },
}

const refusals: Record<string, ReturnType<typeof deny>> = {
  expired: deny('credential_refused', 'the token is out of date'),
  down: deny('issuer_unavailable', 'no usable key', { retryAfterSeconds: 7 }),
  proof: deny('proof_refused', 'the proof is refused'),
  nonce: deny('proof_nonce_required', 'no nonce', { headers: { 'dpop-nonce': 'n-1' } }),
}

function principalOf(text: string, now: number): Token | undefined {
  const login = /^login-(-?[0-9]+)-([a-z]+)$/.exec(text)
  const known = login
    ? { claims: { auth_time: Math.floor(now / 1000) - Number(login[1]), acr: login[2] } }
    : Object.hasOwn(tokens, text)
      ? tokens[text]
      : undefined
  if (known === undefined) return undefined
  const sub = known.sub ?? 'subject-canary-77aa'
  const id = `${ISSUER}|${sub}`
  return {
    kind: 'token',
    id,
    issuer: ISSUER,
    sub,
    clientId: undefined,
    scopes: [],
    roles: [],
    claims: {},
    ...known,
  }
}

const token = (schemes: readonly ('Bearer' | 'DPoP')[]): CredentialScheme<Token> => ({
  name: 'test token',
  kind: 'token',
  secrets: [],
  places: schemes.map((scheme): Place => ({ in: 'authorization', scheme: scheme.toLowerCase() })),
  challenges: schemes.map((scheme) => ({
    scheme,
    ...(scheme === 'DPoP' && { parameters: { algs: 'ES256 EdDSA' } }),
  })),
  issuers: ['TOKEN_ISSUER'],
  certificateBound: schemes.includes('DPoP'),
  takes: () => true,
  inspect({ text }, { now }) {
    const refused = Object.hasOwn(refusals, text) ? refusals[text] : undefined
    if (refused) return refused
    const principal = principalOf(text, now)
    if (principal === undefined) return deny('credential_refused', 'the token is unknown')
    return allow(() => allow({ principal }))
  },
})

const key: CredentialScheme<ApiKeyPrincipal<{ tenant: string }>> = {
  name: 'test key',
  kind: 'apiKey',
  secrets: [],
  places: [{ in: 'header', name: 'x-api-key' }],
  challenges: [{ scheme: 'ApiKey' }],
  takes: () => true,
  inspect: ({ text }) =>
    text === 'good'
      ? allow(() =>
          allow({
            principal: {
              kind: 'apiKey',
              id: 'apiKey|k1',
              keyId: 'k1',
              scopes: ['orders:read'],
              roles: [],
              claims: { tenant: 'acme-canary-1d2e' },
            },
          }),
        )
      : deny('credential_refused', 'the key is unknown'),
}

const bearer = credential([token(['Bearer'])])
const bound = credential([token(['Bearer', 'DPoP'])])
const either = oneOf(bearer, credential([key]))

const common = routeDefaults({
  method: 'GET',
  owner: 'orders',
  sensitivity: 'internal',
  forward: { to: 'ORIGIN_URL' },
})

const routes = {
  orders: defineRoute({
    ...common,
    path: '/v1/tenants/:tenant/orders',
    authenticate: bearer,
    authorize: all(hasScope('orders:write'), sameTenant('tenant')),
  }),
  bound: defineRoute({
    ...common,
    path: '/v1/bound',
    authenticate: bound,
    authorize: hasScope('orders:write'),
  }),
  proven: defineRoute({
    ...common,
    path: '/v1/proven',
    authenticate: credential([token(['DPoP'])]),
    authorize: hasScope('orders:write'),
  }),
  either: defineRoute({
    ...common,
    path: '/v1/either',
    authenticate: either,
    authorize: hasScope('orders:write'),
  }),
  users: defineRoute({
    ...common,
    path: '/v1/users/:user',
    authenticate: bearer,
    authorize: any(ownedBy('user'), hasRole('admin')),
  }),
  payments: defineRoute({
    ...common,
    path: '/v1/payments',
    authenticate: bearer,
    authorize: all(authenticatedWithin('10 m'), acr('phrh', 'phr')),
  }),
  'not-tenant': defineRoute({
    ...common,
    path: '/v1/others/:tenant',
    authenticate: bearer,
    authorize: not(sameTenant('tenant')),
  }),
  faulty: defineRoute({
    ...common,
    path: '/v1/faulty',
    authenticate: bearer,
    authorize: all(({ principal }: AuthorizeFacts<Token, string>) =>
      (principal.claims.tenant as string).startsWith('a'),
    ),
  }),
  plain: defineRoute({
    ...common,
    path: '/v1/plain',
    authenticate: bearer,
    authorize: ({ principal, client, now }) =>
      principal.roles.includes('admin') && client.key !== '' && now > 0,
  }),
  near: defineRoute({
    ...common,
    path: '/near',
    authenticate: anonymous(),
    authorize: network('127.0.0.0/8'),
  }),
  far: defineRoute({
    ...common,
    path: '/far',
    authenticate: anonymous(),
    authorize: not(network('127.0.0.0/8')),
  }),
  swiss: defineRoute({ ...common, path: '/swiss', authenticate: anonymous(), authorize: country('CH') }),
  'not-swiss': defineRoute({
    ...common,
    path: '/not-swiss',
    authenticate: anonymous(),
    authorize: not(country('CH')),
  }),
  always: defineRoute({
    ...common,
    path: '/always',
    authenticate: anonymous(),
    authorize: any(
      during({ to: '12:00', zone: 'Europe/Zurich' }),
      during({ from: '12:00', zone: 'Europe/Zurich' }),
    ),
  }),
  never: defineRoute({
    ...common,
    path: '/never',
    authenticate: anonymous(),
    authorize: all(during({ to: '12:00' }), during({ from: '12:00' })),
  }),
  watched: defineRoute({
    ...common,
    path: '/v1/watched/:tenant',
    mode: 'report',
    authenticate: bearer,
    authorize: all(hasScope('orders:admin'), sameTenant('tenant')),
  }),
  beside: defineRoute({ ...common, path: '/v10', authenticate: bearer, authorize: hasScope('beside:read') }),
  named: defineRoute({ ...common, path: '/.well-known/:name', authenticate: anonymous() }),
}

const state = { 'durable-object': durableObjectState() }
const plain = createGateway(routes, { state })
const described = createGateway(routes, {
  state,
  clients: { deny: ['192.0.2.0/24'] },
  protectedResource: {
    resource: 'RESOURCE_URL' as never,
    name: 'Orders',
    documentation: 'https://docs.test/orders',
  },
})
const bare = createGateway(
  { near: routes.near },
  { state, protectedResource: { resource: 'RESOURCE_URL' as never } },
)

/** Deployments of one Worker, told apart by the host. */
const deployments: Record<string, { gateway: typeof plain; resource?: string; env?: Bindings }> = {
  'plain.test': { gateway: plain },
  'gw.test': { gateway: described, resource: 'https://gw.test/v1' },
  'root.test': { gateway: described, resource: 'https://root.test/' },
  'bare.test': { gateway: bare, resource: 'https://bare.test' },
  'local.test': { gateway: described, resource: 'http://127.0.0.1/v1' },
  'behind.test': {
    gateway: described,
    resource: 'https://behind.test',
    env: { TRUST: 'cloudflare' },
  },
  'missing.test': { gateway: described },
  'insecure.test': { gateway: described, resource: 'http://insecure.test' },
  'query.test': { gateway: described, resource: 'https://query.test/?a=b' },
  'fragment.test': { gateway: described, resource: 'https://fragment.test/#a' },
  'foreign.test': { gateway: described, resource: 'https://elsewhere.test' },
  'capitals.test': { gateway: described, resource: 'https://CAPITALS.test' },
  'port.test': { gateway: described, resource: 'https://port.test:443' },
  'dots.test': { gateway: described, resource: 'https://dots.test/a/../b' },
  'slash.test': { gateway: described, resource: 'https://slash.test/a/' },
  'pattern.test': { gateway: described, resource: 'https://pattern.test/:a' },
  'star.test': { gateway: described, resource: 'https://star.test/*' },
}

const environments = new Map<string, Bindings>()

function environmentOf(host: string, env: Bindings): Bindings {
  const { resource, env: own } = deployments[host === '127.0.0.1' ? 'local.test' : host] ?? {}
  const known = environments.get(host)
  if (known) return known
  const hosts = host === 'local.test' ? 'local.test 127.0.0.1' : host
  const made = { ...env, PUBLIC_HOSTS: hosts, TOKEN_ISSUER: ISSUER, RESOURCE_URL: resource, ...own }
  environments.set(host, made)
  return made
}

async function testDoor(request: Request, env: Bindings): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/_test/policy') {
    const listed = Object.entries(routes as Record<string, Route>).flatMap(([id, { authorize }]) =>
      authorize ? [[id, describe(authorize)]] : [],
    )
    return Response.json(Object.fromEntries(listed))
  }
  await durableObjectOperations(env).revoke(`${ISSUER}|revoked`, Date.now() + 3_600_000)
  return Response.json({})
}

export default {
  async fetch(request: Request, env: Bindings, ctx: ExecutionContext): Promise<Response> {
    const host = request.headers.get('host') ?? ''
    if (host === 'door.test') return testDoor(request, env)
    const deployment = deployments[host === '127.0.0.1' ? 'local.test' : host]
    if (!deployment) return new Response('no such deployment', { status: 500 })
    return deployment.gateway.fetch(request, environmentOf(host, env), ctx)
  },
}
