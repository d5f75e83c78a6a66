import type { Authenticator } from '../authenticator.ts'
import { compileRoute } from '../compile.ts'
import { deny, type Env, type Received, type Result, secretOf } from '../contract.ts'
import type { SecretName } from '../names.ts'
import { type Fail, isObject, knownOnly, missingOr } from '../options.ts'
import { compilePattern, equallySpecific } from '../pattern.ts'
import type { Route } from '../route.ts'
import { isHost } from '../stages/receive.ts'
import type { Operations } from '../state/operations.ts'
import { type ControlKey, controlKeys } from './keys.ts'

/** Makes the operations of a backend from the Worker's bindings. */
export type OperationsFactory = (env: Env) => Operations

/** Where and by whom the gateway takes commands: revocations, blocks and API keys. */
export interface ControlOptions {
  /** A path that no route has: `'/_sallyport/control'`. */
  path: string
  /** The one host of PUBLIC_HOSTS that takes commands. @default all of them */
  host?: string
  /**
   * The Worker secret that commands are verified with, `<key id>:hmac-sha256:<base64>` or `<key id>:ed25519-public:<base64>`; a second
   * one under the same name with `_NEXT` is for rotation.
   */
  key: SecretName
  /** The operations of each backend that `state` has. */
  operations: { readonly [Name in 'durable-object' | 'upstash']?: OperationsFactory }
}

/** The control endpoint, compiled: a route of its own, and what carries its commands out. */
export interface Control {
  route: Route
  isAt: (received: Pick<Received, 'host' | 'path'>) => boolean
  keysFrom: (env: Env) => Result<readonly ControlKey[]>
  /** Throws a `TypeError` that names a binding that is missing. */
  operationsFor: (env: Env) => Operations
  /** The issuers whose tokens the routes take, as their vars name them. */
  issuersFrom: (env: Env) => readonly string[]
}

/** Under this id the endpoint counts, claims and is recorded. */
export const CONTROL_ID = 'sallyport-control'
const COMMANDS_PER_MINUTE = 60

const fail: Fail = (option, problem) => {
  throw new TypeError(`createGateway: control.${option}: ${problem}`)
}

/**
 * Compiles the option `control`; `states` are the names of the backends that the gateway is given.
 * @throws {TypeError} at load for an option that is missing, for a path that a route has, and for a backend without operations.
 */
export function compileControl(
  options: ControlOptions,
  routes: Readonly<Record<string, Route>>,
  states: readonly string[],
): Control {
  knownOnly(options, ['path', 'host', 'key', 'operations'], '', fail)
  const { path, host, operations } = options
  const key: string = options.key
  checkPath(path, routes)
  if (host !== undefined && (typeof host !== 'string' || !isHost(host) || host !== host.toLowerCase()))
    fail('host', "is not a host name; write one of PUBLIC_HOSTS in lower case, such as 'ops.example.com'")
  if (typeof key !== 'string' || key.length === 0)
    fail('key', `${missingOr(key)}; name the Worker secret that commands are verified with: 'CONTROL_KEY'`)
  if (!isObject(operations)) fail('operations', `${missingOr(operations)}; give those of each backend`)
  knownOnly(operations, ['durable-object', 'upstash'], 'operations.', fail)
  for (const name of states) {
    if (typeof operations[name as keyof typeof operations] !== 'function')
      fail(
        'operations',
        `has none for the backend '${name}'; give durableObjectOperations or upstashOperations`,
      )
  }
  const issuers = [
    ...new Set(Object.values(routes).flatMap(({ authenticate }) => authenticate.issuers ?? [])),
  ]
  return {
    route: routeOf(path, key),
    isAt: (received) => received.path === path && (host === undefined || received.host === host),
    keysFrom: controlKeys(key),
    operationsFor(env) {
      const factory = operations[env.STATE as keyof typeof operations]
      if (factory === undefined)
        throw new TypeError('var STATE names no backend that control has operations of')
      return factory(env)
    },
    issuersFrom: (env) => issuers.flatMap((name) => secretOf(env, name) ?? []),
  }
}

function checkPath(path: string, routes: Readonly<Record<string, Route>>): void {
  if (typeof path !== 'string' || path === '/' || /[:*]/.test(path))
    fail('path', `${missingOr(path)}; write one path, such as '/_sallyport/control'`)
  const pattern = compilePattern(path)
  if (path === '/.well-known' || path.startsWith('/.well-known/'))
    fail('path', `${missingOr(path)}, where the metadata of protectedResource stands; take another one`)
  for (const [id, route] of Object.entries(routes)) {
    if (id === CONTROL_ID) fail('path', `routes/${id}.ts has the name of the endpoint; rename the file`)
    if (equallySpecific(compilePattern(route.path), pattern))
      fail('path', `is the path of routes/${id}.ts; take another one`)
  }
}

/** What the endpoint has of a route: its limit, its deadline, and its names in the record. */
const routeOf = (path: string, key: string): Route =>
  compileRoute({
    method: 'POST',
    path,
    owner: 'gateway',
    sensitivity: 'internal',
    authenticate: challenging(key),
    deadline: '5 s',
    limits: [{ by: 'route', max: COMMANDS_PER_MINUTE, window: '1 m' }],
    // Nothing goes on from here: commands are carried out and answered.
    forward: { to: 'ORIGIN_URL' as never },
  })

/** What a 401 tells (RFC 9110 section 11.6.1); HTTP Message Signatures have no scheme that is registered. */
const challenging = (key: string): Authenticator => ({
  name: 'control',
  kind: 'webhook',
  signsBody: true,
  secrets: [key],
  challenges: [{ scheme: 'Signature' }],
  inspect: () => deny('signature_missing', 'commands are verified by their own endpoint'),
})
