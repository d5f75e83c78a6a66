import type { Authenticator } from './authenticator.ts'
import { compileRoute } from './compile.ts'
import { allow, type Env, type Received, secretOf } from './contract.ts'
import type { VarName } from './names.ts'
import { type Fail, isObject, knownOnly } from './options.ts'
import { compilePattern, overlap } from './pattern.ts'
import type { AnonymousPrincipal } from './principals.ts'
import type { Route } from './route.ts'
import { scopesOf } from './rules/describe.ts'

/** What is published of the API for OAuth clients (RFC 9728 section 2); issuers, scopes and proofs are taken from the routes. */
export interface ProtectedResourceOptions {
  /**
   * Name of the var that holds the resource identifier (RFC 9728 section 1.2): the `https:` URL of the API at its public host,
   * with a path or without, such as `https://api.example.com`. Tokens are issued for exactly this text.
   */
  resource: VarName
  /** What people call the API. */
  name?: string
  /** The `https:` URL of a page for developers. */
  documentation?: string
}

/** The resource of one deployment. */
export interface ProtectedResource {
  metadataUrl: string
  /** Whether a request is for the resource: its host, at its path or below. */
  covers: (received: Pick<Received, 'host' | 'path'>) => boolean
  /** The route of the metadata, where a request asks for it. */
  documentAt: (received: Pick<Received, 'host' | 'path'>) => Route | undefined
}

/** Metadata changes with a deployment; clients may keep it for an hour. */
export const METADATA_CACHE_CONTROL = 'public, max-age=3600'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const LOOPBACK = /^(localhost|127\.0\.0\.1)(:[0-9]+)?$/

const fail: Fail = (option, problem) => {
  throw new TypeError(`createGateway: protectedResource.${option}: ${problem}`)
}

/**
 * Checks the option at load, then settles per deployment on the var that it names.
 * @throws {TypeError} at load for the options and for a route in the metadata's place; from the returned function for the var.
 */
export function compileResource(
  options: ProtectedResourceOptions,
  routes: Readonly<Record<string, Route>>,
): (env: Env, hosts: ReadonlySet<string>) => ProtectedResource {
  const named: unknown = options?.resource
  if (!isObject(options) || typeof named !== 'string' || named.length === 0)
    fail('resource', "is missing; name the var that holds the API's public URL")
  knownOnly(options, ['resource', 'name', 'documentation'], '', fail)
  const { documentation } = options
  if (options.name !== undefined && (typeof options.name !== 'string' || options.name.trim() === ''))
    fail('name', 'is empty; leave it out or name the API')
  if (documentation !== undefined && !(URL.canParse(documentation) && documentation.startsWith('https://')))
    fail('documentation', 'is not an https: URL')
  for (const [routeId, { path }] of Object.entries(routes)) {
    if (path === WELL_KNOWN || path.startsWith(`${WELL_KNOWN}/`))
      throw new TypeError(
        `routes/${routeId}.ts: path: ${path} is in the place of the metadata that protectedResource serves; remove one`,
      )
  }
  return function resourceFor(env, hosts) {
    const { resource, host, path } = readResource(options.resource, env, hosts)
    const document = metadata(resource, path, options, Object.values(routes), env)
    const metadataPath = `${WELL_KNOWN}${path}`
    const route = documentRoute(metadataPath, JSON.stringify(document))
    return {
      metadataUrl: `${resource.slice(0, resource.indexOf(host) + host.length)}${metadataPath}`,
      covers: (received) =>
        received.host === host && (received.path === path || received.path.startsWith(`${path}/`)),
      documentAt: (received) =>
        received.host === host && received.path === metadataPath ? route : undefined,
    }
  }
}

/** The identifier is compared by its text: what has two spellings is refused. */
function readResource(name: string, env: Env, hosts: ReadonlySet<string>) {
  const resource = secretOf(env, name)
  const wrong = (problem: string): never => {
    throw new TypeError(`var ${name}, the protected resource: ${problem}`)
  }
  if (resource === undefined) return wrong('is missing; write the public URL of the API')
  const [, scheme = '', host = '', path = ''] = /^(https?):\/\/([^/?#]+)([^?#]*)$/.exec(resource) ?? []
  if (host === '' || (scheme === 'http' && !LOOPBACK.test(host)))
    return wrong('is not an https: URL without query and fragment')
  if (!hosts.has(host)) return wrong('has a host that is not in PUBLIC_HOSTS as it is written here')
  // RFC 9728 section 3.1: a slash that ends the host is left out of the metadata's path.
  const below = path === '/' ? '' : path
  try {
    if (/:|\*/.test(below)) throw new TypeError('a pattern')
    compilePattern(`${WELL_KNOWN}${below}`)
  } catch {
    return wrong("has a path that is not made of segments of letters, digits and '._~-'")
  }
  return { resource, host, path: below }
}

/** RFC 9728 section 2: members without a value are left out. */
function metadata(
  resource: string,
  path: string,
  { name, documentation }: ProtectedResourceOptions,
  routes: readonly Route[],
  env: Env,
): Readonly<Record<string, unknown>> {
  const below = compilePattern(`${path}/*`)
  const own = routes.filter((route) => overlap(compilePattern(route.path), below))
  const authenticators = own.map(({ authenticate }) => authenticate)
  const issuers = authenticators.flatMap(({ issuers = [] }) => issuers.map((name) => secretOf(env, name)))
  const scopes = own.flatMap(({ authorize }) => (authorize ? scopesOf(authorize.description) : []))
  const takers = authenticators.filter((authenticator) => takes(authenticator, 'bearer', 'dpop'))
  const algorithms = authenticators.flatMap(({ challenges = [] }) =>
    challenges.flatMap(({ scheme, parameters }) =>
      scheme.toLowerCase() === 'dpop' ? (parameters?.algs?.split(' ') ?? []) : [],
    ),
  )
  const isBound = authenticators.some(({ certificateBound }) => certificateBound === true)
  const needsProof = takers.length > 0 && !takers.some((authenticator) => takes(authenticator, 'bearer'))
  return {
    resource,
    ...listed('authorization_servers', issuers),
    ...listed('scopes_supported', scopes),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
    ...(isBound && { tls_client_certificate_bound_access_tokens: true }),
    ...listed('dpop_signing_alg_values_supported', algorithms),
    ...(needsProof && { dpop_bound_access_tokens_required: true }),
  }
}

const takes = ({ challenges = [] }: Authenticator, ...names: string[]): boolean =>
  challenges.some(({ scheme }) => names.includes(scheme.toLowerCase()))

function listed(member: string, values: readonly (string | undefined)[]): Record<string, string[]> {
  const distinct = [...new Set(values.filter((value) => value !== undefined))]
  return distinct.length === 0 ? {} : { [member]: distinct }
}

/** Answered like a handshake, so that lists of clients and the first tier hold here too; nothing is forwarded. */
function documentRoute(path: string, body: string): Route {
  const authenticate: Authenticator<AnonymousPrincipal> = {
    name: 'resource metadata',
    kind: 'anonymous',
    signsBody: false,
    secrets: [],
    inspect: () =>
      allow(() =>
        allow({
          principal: { kind: 'anonymous', id: 'anonymous' },
          handshake: { status: 200, contentType: 'application/json', body },
        }),
      ),
  }
  return compileRoute({
    method: ['GET', 'HEAD'],
    path,
    owner: 'protected-resource',
    sensitivity: 'public',
    authenticate,
    forward: { to: 'ORIGIN_URL' as never },
  })
}
