import { compileClients } from './clients.ts'
import type { Client, Env } from './contract.ts'
import type { ControlOptions } from './control/index.ts'
import type { DestinationName } from './names.ts'
import { type Fail, isObject, knownOnly } from './options.ts'
import type { ProtectedResource, ProtectedResourceOptions } from './resource.ts'
import type { ClientLists } from './route.ts'
import type { Limiter } from './stages/first-tier.ts'
import type { Trust } from './stages/identify.ts'
import { isHost } from './stages/receive.ts'
import type { ClientForm } from './stages/record/index.ts'
import { guard } from './state/isolate/guard.ts'
import type { State, StateFactory } from './state/state.ts'
import type { Store } from './state/store.ts'

/** Names of the backends of shared state, as the var STATE chooses them. */
export type Backend = 'durable-object' | 'upstash'

export interface GatewayOptions {
  /** Backends of shared state; the var `STATE` picks one by name, and nothing else does. */
  state: { readonly [Name in Backend]?: StateFactory }
  /** Addresses that may or may not call at all, before any route's own lists. */
  clients?: ClientLists
  /** How the record names clients. @default 'truncated' */
  recordClient?: ClientForm
  /**
   * A Workers rate-limit binding (`[[ratelimits]]` in wrangler.toml) that is asked before anything is read or verified:
   * free, per location and permissive. Routes choose with `firstTier` what it counts by.
   */
  firstTier?: { binding: string }
  /**
   * Adds `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds from now) of the tightest limit to answers that carry
   * RateLimit fields. @default false
   */
  legacyRateLimitHeaders?: boolean
  /** Tells callers in `Server-Timing` where the gateway's time went. @default false */
  serverTiming?: boolean
  /**
   * Publishes what OAuth clients have to know about the API (RFC 9728) at `/.well-known/oauth-protected-resource`, and names
   * that document in challenges. An app around the gateway has to pass that path on. @default nothing is published
   */
  protectedResource?: ProtectedResourceOptions
  /**
   * Takes signed commands of operators, to revoke credentials, to block clients and to manage API keys. It only ever tightens.
   * @default there is no such path
   */
  control?: ControlOptions
  /** What becomes of a path that no route declares. @default 'refuse' */
  unmatched?: 'refuse' | { reportAndForward: DestinationName }
}

/** What the deployment's vars and the gateway's options make together; compiled once per isolate. */
export interface Settings {
  hosts: ReadonlySet<string>
  trust: Trust
  /** What the stages ask: the backend behind this isolate's memory and circuit breaker. */
  state: State
  /** The backend itself, for report mode: it counts every request, and its short waits say nothing of the backend's health. */
  backend: State
  /** What the backend keeps for credentials, behind this isolate's circuit breaker. */
  store: Store
  firstTier: Limiter | undefined
  legacyRateLimitHeaders: boolean
  isClientAllowed: (client: Client) => boolean
  clientForm: ClientForm
  serverTiming: boolean
  resource: ProtectedResource | undefined
  /** Bytes; the cap of routes that take a body without a schema. */
  maxBodyBytes: number
}

const DEFAULT_MAX_BODY_BYTES = 1_048_576
const OPTIONS = [
  'state',
  'clients',
  'recordClient',
  'firstTier',
  'legacyRateLimitHeaders',
  'serverTiming',
  'protectedResource',
  'control',
  'unmatched',
]

const fail: Fail = (option, problem) => {
  throw new TypeError(`createGateway: ${option}: ${problem}`)
}

/**
 * Compiles the gateway's options, then settles per deployment on the vars PUBLIC_HOSTS, TRUST and STATE.
 * @throws {TypeError} at load for the options; from the returned function for the vars, naming each and the fix.
 */
export function compileSettings(
  options: GatewayOptions,
  resourceFor?: (env: Env, hosts: ReadonlySet<string>) => ProtectedResource,
): (env: Env) => Settings {
  knownOnly(options, OPTIONS, '', fail)
  const isClientAllowed = compileClients(options.clients)
  const { firstTier } = options
  if (firstTier !== undefined) {
    if (!isObject(firstTier) || typeof firstTier.binding !== 'string' || firstTier.binding === '')
      fail('firstTier', "binding is missing; name a rate-limit binding: { binding: 'FIRST_TIER' }")
    knownOnly(firstTier, ['binding'], 'firstTier.', fail)
  }
  return function settingsFor(env) {
    const hosts = hostsOf(env)
    checkControlHost(options.control, hosts)
    const trust = trustOf(env)
    const backend = stateOf(env, options.state)
    const state = guard(backend)
    return {
      hosts,
      trust,
      state,
      backend,
      store: state,
      firstTier: firstTier && limiterOf(env, firstTier.binding),
      legacyRateLimitHeaders: options.legacyRateLimitHeaders ?? false,
      isClientAllowed,
      clientForm: options.recordClient ?? 'truncated',
      serverTiming: options.serverTiming ?? false,
      resource: resourceFor?.(env, hosts),
      maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
    }
  }
}

function hostsOf(env: Env): ReadonlySet<string> {
  const text = env.PUBLIC_HOSTS
  const hosts = typeof text === 'string' ? text.toLowerCase().split(/\s+/).filter(Boolean) : []
  if (hosts.length === 0)
    throw new TypeError('var PUBLIC_HOSTS is missing; list the host names that the gateway serves')
  for (const host of hosts) {
    if (!isHost(host) || /:(80|443)$/.test(host)) {
      throw new TypeError(
        `var PUBLIC_HOSTS: '${host}' is not a host name; write 'api.example.com', with a port only if it is not 80 or 443`,
      )
    }
  }
  return new Set(hosts)
}

/** Found out when it is deployed, and not when a revocation is urgent. */
function checkControlHost(control: ControlOptions | undefined, hosts: ReadonlySet<string>): void {
  if (control?.host !== undefined && !hosts.has(control.host))
    throw new TypeError(
      `createGateway: control.host: ${control.host} is not among PUBLIC_HOSTS; list it there`,
    )
}

function trustOf(env: Env): Trust {
  const trust = env.TRUST
  if (trust === 'cloudflare' || trust === 'direct' || trust === 'none') return trust
  throw new TypeError(
    "var TRUST must be 'cloudflare' (CF-Connecting-IP names the client), 'direct' (the socket does) or 'none' (nobody does)",
  )
}

/** A tier that somebody counts on must not be missing in silence. */
function limiterOf(env: Env, binding: string): Limiter {
  const bound = env[binding]
  if (typeof bound === 'object' && bound !== null && 'limit' in bound && typeof bound.limit === 'function')
    return bound as Limiter
  throw new TypeError(
    `binding ${binding} ${bound === undefined ? 'is missing' : 'is no rate-limit binding'}: in wrangler.toml, write [[ratelimits]] with name = "${binding}", namespace_id = "1001", simple = { limit = 1000, period = 60 }`,
  )
}

function stateOf(env: Env, backends: GatewayOptions['state']): State {
  const name = env.STATE
  const factory = name === 'durable-object' || name === 'upstash' ? backends[name] : undefined
  if (factory) return factory(env)
  const given = Object.keys(backends).join("' or '")
  throw new TypeError(`var STATE must be '${given}', one of the backends that createGateway is given`)
}
