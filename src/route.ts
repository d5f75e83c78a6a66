import type { GenericSchema, InferOutput } from 'valibot'
import type { Authenticator, Content } from './authenticator.ts'
import type { Client, Validated } from './contract.ts'
import type { Duration } from './lib/duration.ts'
import type { DestinationName, ParamName, Params } from './names.ts'
import type { Principal } from './principals.ts'
import type { Condition, Rule } from './rules/index.ts'

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
  client: Client
  /** Milliseconds since the epoch. */
  now: number
}

/** What the functions of `limits`, `tenant` and `forward` may look at: everything is verified by then. */
export interface RouteFacts<P, Path extends string, Input> extends AuthorizeFacts<P, Path> {
  input: Input
}

export type LimitBy = 'route' | 'client' | 'principal' | 'tenant' | 'provider' | 'apiKey'

export interface LimitTier {
  max: number
  /** Token bucket only. @default the limit's `refill`, else the tier's `max` */
  refill?: number
}

export interface LimitOptions<Facts> {
  /** Names the limit in RateLimit headers and the record. @default the pool, else what `by` says, or `custom` */
  name?: string
  /**
   * Whose requests are counted together. `tenant` is what the route's `tenant` returns, `provider` the sender's kind of a
   * webhook, `apiKey` the key's id; a function returns the text that is counted on (stored as SHA-256).
   */
  by: LimitBy | ((facts: Facts) => string)
  /**
   * Limits of one pool in several routes are one count: in all of them everything but `cost` and `mode` is the same.
   * Functions are not compared: two `by`, `tier` or `tenant` functions count as equal.
   */
  pool?: string
  /** Units in a window, at most 999_999_999_999_999; for a token bucket its capacity. */
  max: number
  /** The caller's tier, from what is verified; `max` holds for undefined and for what `tiers` does not list. */
  tier?: (facts: Facts) => string | undefined
  /** What callers of a tier have in place of `max`: a number, or `max` and for a token bucket `refill`. */
  tiers?: Readonly<Record<string, number | LimitTier>>
  /** At most 31 days, aligned to the epoch; `day` and `month` are the calendar's in UTC, with `fixedWindow`. */
  window: Duration | 'day' | 'month'
  /** @default 'slidingWindow', for `day` and `month` 'fixedWindow' */
  algorithm?: 'slidingWindow' | 'fixedWindow' | 'tokenBucket'
  /** Token bucket only: units that come back in each window. @default max */
  refill?: number
  /**
   * Units that a request takes; a function returns a whole number from 0 to 1e9, or the answer is 500. 0 takes nothing and
   * passes, more than `max` never passes. @default 1
   */
  cost?: number | ((facts: Facts) => number)
  /** Webhooks only: count by client although a provider's customers share its few addresses. @default false */
  allowSharedAddresses?: boolean
  /** @default 'enforce' */
  mode?: Mode
}

export interface BodyOptions<S extends GenericSchema> {
  schema: S
  /**
   * The exact media types that are taken, without parameters. `application/x-www-form-urlencoded` is read as a form, `application/json` and
   * `…+json` as JSON, any other type as the provider's entry says. @default what the provider sends, else 'application/json'
   */
  mediaType?: string | readonly string[]
  /** Bytes. @default 1_048_576 */
  maxBytes?: number
  /** @default 'enforce' */
  mode?: Mode
}

export interface ReplayOptions {
  /** How long a delivery that is done is remembered. @default what the provider's entry says */
  ttl?: Duration
  /** What a copy of a delivery that is done gets. @default 'acknowledge' */
  onDuplicate?: 'acknowledge' | 'refuse' | 'forward'
}

export interface ForwardOptions<Facts> {
  /** The name of a URL var, or of a binding with `fetch`. */
  to: DestinationName
  /** How long the origin may take to begin its answer. @default what the provider waits, else '10 s' */
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
  /**
   * Routes whose body is not signed: forward the client's bytes in place of the validated value. That of a form is written as
   * a form, lists as repeated parameters; if it holds more than texts, numbers, booleans and lists of them, the answer is 500.
   */
  body?: 'validated' | 'verbatim'
}

/**
 * What becomes of requests that need a dependency which fails or does not answer inside the deadline. `closed`: 503 with
 * Retry-After. `unsafeAllowWhenStateIsDown`: the request goes on without limits, blocks and revocations, so a revoked
 * principal passes during an outage. `degraded`: the same, for at most `max` requests in a window of at most `'1 h'`,
 * counted by route in each isolate. A request that carries a replay claim is refused whatever is said here.
 */
export type FailurePolicy =
  | 'closed'
  | 'unsafeAllowWhenStateIsDown'
  | {
      degraded: {
        /** Names the cap in RateLimit headers and the record. @default 'degraded' */
        name?: string
        max: number
        window: Duration
      }
    }

/** Claims never open, and a webhook's deliveries are claimed. */
export interface FailureOptions<K> {
  /** Shared state. @default 'closed' */
  state?: [K] extends ['webhook'] ? 'closed' : FailurePolicy
}

/** What the first tier counts by; the binding itself is an option of the gateway. */
export type FirstTier = 'client' | 'route' | 'off'

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
  /**
   * Whose request it is, for limits `by: 'tenant'`; deliveries of different tenants that share a route are kept apart by it.
   * Take it from `principal`, or on a signed route from `input`: a path is no part of a signature.
   */
  tenant?: (facts: Facts) => string
  replay?: ReplayOptions
  /** The longest that the gateway may hold a request before the origin, at most '15 s'. @default '2 s' for webhooks, else '1 s' */
  deadline?: Duration
  /** Going over it is recorded and refuses nobody; at most the deadline. @default '50 ms' */
  budget?: Duration
  /** What happens while shared state is down. @default closed */
  failure?: FailureOptions<K>
  /**
   * What the gateway's first tier counts by, before anything is read or verified. A webhook's provider shares its few
   * addresses, and by `route` strangers use up what everybody has. @default 'off' for webhooks, else 'client'
   */
  firstTier?: FirstTier
  forward: ForwardOptions<Facts>
}

/** A caller with a token or a key is known, not yet allowed: such a route must say who may. */
export type AuthorizeRule<P, K, Path extends string> = [
  Extract<K, 'token' | 'apiKey' | 'certificate'>,
] extends [never]
  ? { authorize?: Authorize<P, Path> }
  : { authorize: Authorize<P, Path> }

/** A rule that reads only what path and principal have, or a predicate; neither decides what `P` and `Path` are. */
type Authorize<P, Path extends string> = Condition<
  NoInfer<ParamName<Path>>,
  NoInfer<ClaimName<P>>,
  NoInfer<keyof P & string>,
  AuthorizeFacts<NoInfer<P>, NoInfer<Path>>
>

/** The claims that every kind of caller of a route has: the declared ones, any where none is declared. */
type ClaimName<P> = keyof ClaimsOf<P> & string
type ClaimsOf<P> = P extends { claims: infer C } ? Record<Declared<C>, true> : Record<never, true>
type Declared<C> = [Literal<C>] extends [never] ? string : Literal<C>
type Literal<C> = keyof { [Name in keyof C as string extends Name ? never : Name]: true } & string

/** A route's options with their types forgotten: what the checks at load look at. */
export type AnyRouteOptions = Omit<
  RouteOptions<string, Principal, Principal['kind'], GenericSchema, GenericSchema, Validated>,
  'params' | 'headers'
> & {
  params?: GenericSchema | undefined
  headers?: GenericSchema | undefined
  authorize?: unknown
}

/** A route, compiled: what the pipeline reads. Its type parameters are gone, its options are checked. */
export interface Route {
  readonly methods: readonly string[]
  readonly path: string
  readonly owner: string
  readonly sensitivity: Sensitivity
  readonly mode: Mode
  readonly authenticate: Authenticator
  readonly authorize: Rule | undefined
  readonly isClientAllowed: (client: Client) => boolean
  readonly limits: readonly CompiledLimit[]
  readonly body:
    | (Required<Omit<BodyOptions<GenericSchema>, 'mediaType'>> & { content: readonly Content[] })
    | undefined
  readonly query: GenericSchema | undefined
  readonly params: GenericSchema | undefined
  readonly headers: GenericSchema | undefined
  readonly tenant: ((facts: Validated) => string) | undefined
  readonly replay: {
    ttlMs: number | undefined
    onDuplicate: 'acknowledge' | 'refuse' | 'forward'
  }
  readonly deadlineMs: number
  readonly budgetMs: number
  readonly failure: CompiledFailure
  readonly firstTier: FirstTier
  readonly forward: {
    to: string
    timeoutMs: number
    path: ((facts: Validated) => string) | undefined
    headers: ((facts: Validated) => Readonly<Record<string, string>>) | undefined
    strip: ReadonlySet<string>
    body: 'validated' | 'verbatim'
  }
}

export interface CompiledFailure {
  state:
    | { policy: 'closed' }
    | { policy: 'allowed' }
    | { policy: 'degraded'; name: string; max: number; windowMs: number }
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
  /** For a limit of a pool the pool's name. */
  readonly name: string
  readonly pool: string | undefined
  readonly by: LimitBy | ((facts: Validated) => string)
  readonly algorithm: 'slidingWindow' | 'fixedWindow' | 'tokenBucket'
  readonly max: number
  /** For a calendar month 31 days. */
  readonly windowMs: number
  readonly calendar: 'month' | undefined
  readonly refill: number
  readonly tier: ((facts: Validated) => string | undefined) | undefined
  /** A map, so that a tier named `constructor` is not found where nobody declared it. */
  readonly tiers: ReadonlyMap<string, Required<LimitTier>>
  readonly cost: number | ((facts: Validated) => number)
  readonly mode: Mode
}
