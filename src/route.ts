import type { GenericSchema, InferOutput } from 'valibot'
import type { Authenticator, Client, Principal, Validated } from './contract.ts'
import type { Duration } from './lib/duration.ts'
import type { DestinationName, Params } from './names.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

/** `enforce` refuses; `report` lets the request pass and records what would have been refused. */
export type Mode = 'enforce' | 'report'

export type Sensitivity = 'public' | 'internal' | 'pii' | 'payment'

/** Addresses and CIDR ranges. With an allow list, a client whose address is unknown is refused. */
export interface ClientLists {
  allow?: readonly string[]
  deny?: readonly string[]
}

/** What an authorize predicate may look at. */
export interface AuthorizeFacts<P, Path extends string> {
  principal: P
  params: Params<Path>
  method: string
}

/** What the functions of `limits`, `replay` and `forward` may look at: everything is verified by then. */
export interface RouteFacts<P, Path extends string, Input> extends AuthorizeFacts<P, Path> {
  input: Input
}

export interface LimitOptions<Facts> {
  /** Names the limit in RateLimit headers and the record. @default the value of `by`, or `custom` */
  name?: string
  /** Whose requests are counted together; a function returns the text that is counted on (stored as SHA-256). */
  by: 'route' | 'client' | 'principal' | ((facts: Facts) => string)
  /** Requests in a window; for a token bucket its capacity. */
  max: number
  window: Duration
  /** @default 'slidingWindow' */
  algorithm?: 'slidingWindow' | 'fixedWindow' | 'tokenBucket'
  /** Token bucket only: requests that come back in each window. @default max */
  refill?: number
  /** Units that a request takes. @default 1 */
  cost?: number
  /** @default 'enforce' */
  mode?: Mode
}

export interface BodyOptions<S extends GenericSchema> {
  schema: S
  /** The exact media type. @default 'application/json' */
  mediaType?: string
  /** Bytes. @default 1_048_576 */
  maxBytes?: number
  /** @default 'enforce' */
  mode?: Mode
}

export interface ReplayOptions<Facts> {
  /** How long a delivery that is done is remembered. @default what the provider's entry says */
  ttl?: Duration
  /** What a copy of a delivery that is done gets. @default 'acknowledge' */
  onDuplicate?: 'acknowledge' | 'refuse' | 'forward'
  /** Separates deliveries of different tenants that share a route. */
  tenant?: (facts: Facts) => string
}

export interface ForwardOptions<Facts> {
  /** The name of a URL var, or of a binding with `fetch`. */
  to: DestinationName
  /** How long the origin may take to begin its answer. @default '10 s' */
  timeout?: Duration
  /** The path at the origin, percent-encoded: `params` are decoded, so use encodeURIComponent. @default the canonical path that was matched */
  path?: (facts: Facts) => string
  /**
   * Headers that the gateway asserts to the origin; a client's own of the same name are removed. A name that is returned
   * only sometimes belongs into `strip` as well. Nothing is asserted in report mode, of the route or of its schema, and
   * `strip` is then required.
   */
  headers?: (facts: Facts) => Readonly<Record<string, string>>
  /**
   * Client headers that never go on under these names, in lower case: the ones that `headers` asserts only sometimes, and
   * whatever else the origin would believe.
   */
  strip?: readonly string[]
  /** Routes whose body is not signed: forward the client's bytes in place of the validated value. */
  body?: 'validated' | 'verbatim'
}

export interface RouteOptions<
  Path extends string,
  P extends Principal,
  K extends Principal['kind'],
  Body extends GenericSchema,
  Query extends GenericSchema,
  Facts = RouteFacts<P, Path, InferOutput<Body>>,
> {
  method: Method | readonly Method[]
  path: Path
  /** The team that answers for the route; in the record and every listing. */
  owner: string
  sensitivity: Sensitivity
  /** @default 'enforce' */
  mode?: Mode
  authenticate: Authenticator<P, K>
  /** Addresses and CIDR ranges that may or may not call this route. */
  clients?: ClientLists
  limits?: readonly LimitOptions<Facts>[]
  body?: Body | BodyOptions<Body>
  query?: Query
  params?: GenericSchema<Params<Path>, Params<Path>>
  headers?: GenericSchema<Record<string, string>, unknown>
  replay?: ReplayOptions<Facts>
  /** The longest that the gateway may hold a request before the origin. @default '2 s' for webhooks, else '1 s' */
  deadline?: Duration
  /** Going over it is recorded and refuses nobody. @default '50 ms' */
  budget?: Duration
  forward: ForwardOptions<Facts>
}

/** A caller with a token is known, not yet allowed: such a route must say who may. */
export type AuthorizeRule<P, K, Path extends string> = 'token' extends K
  ? { authorize: (facts: AuthorizeFacts<P, Path>) => boolean }
  : { authorize?: (facts: AuthorizeFacts<P, Path>) => boolean }

/** A route's options with their types forgotten: what the checks at load look at. */
export type AnyRouteOptions = Omit<
  RouteOptions<string, Principal, Principal['kind'], GenericSchema, GenericSchema, Validated>,
  'params' | 'headers'
> & {
  params?: GenericSchema | undefined
  headers?: GenericSchema | undefined
  authorize?: Route['authorize']
}

/** A route, compiled: what the pipeline reads. Its type parameters are gone, its options are checked. */
export interface Route {
  readonly methods: readonly string[]
  readonly path: string
  readonly owner: string
  readonly sensitivity: Sensitivity
  readonly mode: Mode
  readonly authenticate: Authenticator
  readonly authorize:
    | ((facts: { principal: Principal; params: unknown; method: string }) => boolean)
    | undefined
  readonly isClientAllowed: (client: Client) => boolean
  readonly limits: readonly CompiledLimit[]
  readonly body: Required<BodyOptions<GenericSchema>> | undefined
  readonly query: GenericSchema | undefined
  readonly params: GenericSchema | undefined
  readonly headers: GenericSchema | undefined
  readonly replay: {
    ttlMs: number | undefined
    onDuplicate: 'acknowledge' | 'refuse' | 'forward'
    tenant: ((facts: Validated) => string) | undefined
  }
  readonly deadlineMs: number
  readonly budgetMs: number
  readonly forward: {
    to: string
    timeoutMs: number
    path: ((facts: Validated) => string) | undefined
    headers: ((facts: Validated) => Readonly<Record<string, string>>) | undefined
    strip: ReadonlySet<string>
    body: 'validated' | 'verbatim'
  }
}

/**
 * Asks a function of the route. In report mode, of the route or of its schema, a throw is no fault of the request:
 * `otherwise` stands in.
 */
export function askRoute<T>(route: Pick<Route, 'mode'>, facts: Validated, run: () => T, otherwise: T): T {
  if (route.mode === 'enforce' && facts.reported.length === 0) return run()
  try {
    return run()
  } catch {
    return otherwise
  }
}

export interface CompiledLimit {
  name: string
  by: 'route' | 'client' | 'principal' | ((facts: Validated) => string)
  algorithm: 'slidingWindow' | 'fixedWindow' | 'tokenBucket'
  max: number
  windowMs: number
  refill: number
  cost: number
  mode: Mode
}
