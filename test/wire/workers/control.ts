import { anonymous, createGateway, defineRoute, type GatewayOptions } from 'sallyport'
import { apiKey } from 'sallyport/credentials'
import {
  durableObjectOperations,
  durableObjectState,
  SallyportState as SoundObject,
} from 'sallyport/durable-object'
import { upstashOperations, upstashState } from 'sallyport/upstash'
import { allow, deny } from '../../../src/contract.ts'
import { credential } from '../../../src/credentials/engine.ts'
import type { CredentialScheme } from '../../../src/credentials/scheme.ts'
import type { TokenPrincipal } from '../../../src/principals.ts'
import { revocable } from '../../../src/revocable.ts'

/** Limits of the route `fragile` cannot be counted; every other object answers. */
export class SallyportState extends SoundObject {
  override take(...args: Parameters<SoundObject['take']>) {
    if (args[2].some(({ name }) => name.startsWith('fragile:'))) throw new Error('overloaded')
    return super.take(...args)
  }
}

declare global {
  namespace Cloudflare {
    interface Env {
      CONTROL_KEY: string
      API_KEY_CHECKSUM: string
    }
  }
}

/** What a token of the tests says, as base64url of JSON: nobody signs it, and all of its names can be revoked. */
const says: CredentialScheme<TokenPrincipal> = {
  name: 'said',
  kind: 'token',
  secrets: [],
  issuers: ['TOKEN_ISSUER'],
  places: [{ in: 'authorization', scheme: 'bearer' }],
  challenges: [{ scheme: 'Bearer' }],
  takes: () => true,
  inspect({ text }) {
    const { iss, sub, jti, sid, iat } = JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')))
    if (typeof sub !== 'string') return deny('credential_refused', 'no subject')
    const id = revocable.subject(iss, sub)
    const principal = {
      kind: 'token',
      id,
      issuer: iss,
      sub,
      clientId: undefined,
      scopes: [],
      roles: [],
      claims: {},
    } as const
    const names = [id, revocable.token(iss, jti), revocable.session(iss, sid), revocable.issuer(iss)]
    return allow(() =>
      allow({ principal, revocable: names, ...(iat !== undefined && { issuedAtMs: iat * 1000 }) }),
    )
  },
}

const forward = { to: 'ORIGIN_URL', timeout: '2 s' } as const
const shared = { method: 'GET', owner: 'platform', sensitivity: 'internal', forward } as const
const routes = {
  open: defineRoute({ ...shared, path: '/open', authenticate: anonymous() }),
  wide: defineRoute({ ...shared, path: '/_sallyport/*', authenticate: anonymous() }),
  tokens: defineRoute({
    ...shared,
    path: '/tokens',
    authenticate: credential([says]),
    authorize: () => true,
  }),
  fragile: defineRoute({
    ...shared,
    path: '/fragile',
    authenticate: credential([says]),
    authorize: () => true,
    limits: [{ by: 'principal', max: 1000, window: '1 m' }],
    failure: { state: 'unsafeAllowWhenStateIsDown' },
  }),
  keys: defineRoute({
    ...shared,
    path: '/keys',
    authenticate: apiKey({ prefix: 'acme_live', checksum: 'API_KEY_CHECKSUM', keys: 'state', cache: '1 h' }),
    authorize: ({ principal }) => principal.scopes.includes('reports:read'),
  }),
}

const control = {
  path: '/_sallyport/control',
  key: 'CONTROL_KEY',
  operations: {
    'durable-object': durableObjectOperations,
    upstash: upstashOperations,
  },
} satisfies GatewayOptions['control']
const state = { 'durable-object': durableObjectState(), upstash: upstashState() }
const { wide, ...narrow } = routes

/** Deployments of one Worker, told apart by the host. */
const deployments = {
  'gw.test': createGateway(narrow, { state, control }),
  'off.test': createGateway(narrow, { state }),
  'ops.test': createGateway(routes, { state, control: { ...control, host: 'ops.test' } }),
  'passing.test': createGateway(narrow, { state, control, unmatched: { reportAndForward: 'ORIGIN_URL' } }),
}

/** Random values throw at load: an isolate is named by its first request. */
let isolate: string | undefined

export default {
  async fetch(
    request: Request,
    env: Readonly<Record<string, unknown>>,
    ctx: ExecutionContext,
  ): Promise<Response> {
    const host = request.headers.get('host') ?? ''
    const at = host === 'public.test' ? 'ops.test' : host
    const deployment = deployments[at as keyof typeof deployments] ?? deployments['gw.test']
    const hosts = at === 'ops.test' ? 'ops.test public.test' : at
    const answer = await deployment.fetch(
      request,
      { ...env, PUBLIC_HOSTS: hosts, TOKEN_ISSUER: 'https://issuer.test' },
      ctx,
    )
    isolate ??= crypto.randomUUID()
    answer.headers.set('x-test-isolate', isolate)
    return answer
  },
}
