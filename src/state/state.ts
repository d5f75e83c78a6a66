import type { Store } from './store.ts'

export { checkKept, checkName, type Store } from './store.ts'

/**
 * Shared state behind the gateway: one call in (`admit`), one call out (`settle`).
 * What every backend keeps, as the contract suite in `test/contract/suite.ts` states it:
 * never more than the limit; a claim has one holder; one second after a denial nothing is left of it.
 */
export interface State extends Store {
  /**
   * Decides blocks and revocations, every limit and the replay claim in one parallel round.
   * Calling again with the same `token` finds the first call's outcome instead of counting twice.
   * Rejects with a `StateError` when the backend cannot answer: the caller owns the deadline and the failure policy.
   * What a rejected call took may be found by a later call with the same token, and is gone after its give-back.
   */
  admit(request: AdmitRequest): Promise<Admission>
  /**
   * Ends the claim that `admit` took; false when another token holds it by now. A commit is kept all the same, for the
   * origin has the delivery; a release by another than the holder changes nothing.
   */
  settle(settlement: Settlement): Promise<boolean>
  /** Takes back an admission that never led to a forward: counts and lease. */
  giveBack(request: AdmitRequest): Promise<void>
  /** True when this isolate already knows of a live block of the client: no call is made. */
  knowsBlocked(client: string, now: number): boolean
}

export interface AdmitRequest {
  /** The lease token: unguessable, one for each request, the same for a retried call. */
  token: string
  /** The same call was made before, and may hold already what it asks for. */
  isRetry?: boolean
  /** Milliseconds since the epoch, read once at the gateway's door. */
  now: number
  /** The client's key, or undefined when no address is believed. */
  client?: string
  /** Under which names the credential can be revoked, at most 8: one that is revoked refuses it. */
  revocable?: readonly string[]
  /** When the credential was issued, milliseconds since the epoch: some revocations refuse only what is older. */
  issuedAt?: number
  limits: readonly LimitClaim[]
  claim?: DeliveryClaim
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal
  /** Milliseconds for which the answer is waited for. */
  waitMs?: number
  /**
   * Keeps the Worker alive for work after the answer (`ctx.waitUntil`): a denial is returned at once and what was
   * taken for it is given back afterwards. Without it that work may be cut off, and is left to run out.
   */
  background?: (promise: Promise<unknown>) => void
}

/** How many names of one credential are looked up. */
export const MOST_NAMES = 8

/** One limit of a route, resolved to the key that this request counts on. */
export interface LimitClaim extends LimitPolicy {
  /** Which object or key space owns the count. */
  owner: `${LimitOwner}:${string}`
  /** Distinguishes the limits of one owner: `<route>:<limit name>`, or `*:<pool>` for what routes count together. */
  name: string
  /** In report mode the limit counts and reports, and never denies. */
  mode: 'enforce' | 'report'
  /** How many units this request takes. */
  cost: number
}

export type LimitOwner = 'route' | 'pool' | 'client' | 'principal' | 'tenant' | 'provider' | 'apiKey' | 'key'

export interface LimitPolicy {
  algorithm: 'slidingWindow' | 'fixedWindow' | 'tokenBucket'
  /** Units in a window; for a token bucket its capacity. */
  max: number
  /** For a calendar month 31 days. */
  windowMs: number
  /** Fixed window only: months of the calendar in UTC, whatever their length. */
  calendar?: 'month'
  /** Token bucket only: units that come back in each window. */
  refill: number
}

export interface DeliveryClaim {
  route: string
  /** Hex SHA-256 over route, tenant, kind and id. */
  key: string
  /** The `sallyport-id` of this request: told to later copies as `sallyport-duplicate-of`. */
  requestId: string
  /** `once` is done at admit, never released or given back; it may be burnt by a request that a limit denies. */
  kind: 'delivery' | 'once'
  /** Milliseconds for which the lease holds without a settlement. */
  leaseMs: number
  /** Milliseconds for which `done` is remembered. */
  ttlMs: number
  /** A copy of what is done goes on to the origin, and so counts: otherwise its counts are given back. */
  copiesPass: boolean
}

export interface LimitReading {
  name: string
  max: number
  windowMs: number
  remaining: number
  /** Seconds until more units are there; 0 when the limit is untouched. */
  resetSeconds: number
  /** On a limit that denies: milliseconds until the whole cost of the request is there. */
  retryAfterMs?: number
}

export type Admission =
  | { outcome: 'admitted'; limits: LimitReading[]; reported: string[] }
  | {
      outcome: 'limited'
      limits: LimitReading[]
      violated: string[]
      retryAfterSeconds: number
      /** Set when the isolate knew, and no backend was asked: `limits` are the ones that deny. */
      remembered?: true
    }
  | { outcome: 'leased'; limits: LimitReading[]; retryAfterSeconds: number }
  | { outcome: 'done'; limits: LimitReading[]; duplicateOf: string }
  | { outcome: 'blocked' }
  | { outcome: 'revoked' }

export interface Settlement {
  claim: DeliveryClaim
  token: string
  /** `commit` remembers the delivery as done, `release` lets the provider's retry through. */
  as: 'commit' | 'release'
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal
}

/** What went wrong with shared state, in words that hold nothing of a request. */
export type StateFault =
  | 'no answer in time'
  | 'not reachable'
  | 'credential refused'
  | 'over its quota'
  | 'out of memory'
  | 'answer not understood'
  | 'failed'
  | 'not asked: it failed before'
  | 'no time was left'
  | 'this isolate was too busy'

/**
 * The one error of a backend; `message` is the fault, and no part of what was asked. Whatever else a `State` of your own
 * throws is recorded as `failed`.
 * @example
 * import { type Settlement, StateError } from 'sallyport'
 *
 * export async function settle({ claim, token, as, signal }: Settlement): Promise<boolean> {
 *   const told = { method: 'POST', body: JSON.stringify({ claim, token, as }), signal: signal ?? null }
 *   const answer = await fetch('https://state.example.com/settle', told).catch(() => {
 *     throw new StateError(signal?.aborted ? 'no answer in time' : 'not reachable')
 *   })
 *   if (!answer.ok) throw new StateError('failed')
 *   return answer.json<boolean>()
 * }
 */
export class StateError extends Error {
  override readonly name = 'StateError'
  readonly fault: StateFault

  constructor(fault: StateFault) {
    super(fault)
    this.fault = fault
  }
}

/** Makes a state from the Worker's bindings; a missing binding throws a `TypeError` that names it. */
export type StateFactory = (env: Readonly<Record<string, unknown>>) => State
