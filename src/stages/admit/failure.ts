import { allow, deny, type Result } from '../../contract.ts'
import { rateLimitHeaders } from '../../lib/rate-limit.ts'
import type { Route } from '../../route.ts'
import type { AdmitRequest, LimitReading, StateFault } from '../../state/state.ts'

/** How a decision came about without an answer of shared state. */
export type Policy = Route['failure']['state']['policy']

/** What a request goes on with where no limit was asked. */
export interface Unlimited {
  readings: readonly LimitReading[]
}

export interface Fallback {
  policy: Policy
  /** Decisions of this policy that this isolate has taken, this one among them. */
  count: number
  result: Result<Unlimited>
}

/** A request that holds nothing which only shared state can keep from coming twice. */
type Unclaimed = AdmitRequest & { readonly claim?: never }
type Opening = Exclude<Route['failure']['state'], { policy: 'closed' }>
type Cap = Extract<Opening, { policy: 'degraded' }>

const RETRY_AFTER_STATE_SECONDS = 5
/** What says nothing of shared state is no reason to do without it: a flood could bring it about. */
const OUR_OWN: readonly StateFault[] = ['no time was left', 'this isolate was too busy']

// In the isolate, and lost with it: an outage of shared state leaves nowhere else to count.
const taken: Record<Policy, number> = { closed: 0, allowed: 0, degraded: 0 }
const windows = new WeakMap<Cap, { start: number; used: number }>()

/** Decides by the route's failure policy; a request with a claim is refused whatever that says. */
export function fallBack(
  request: AdmitRequest,
  { route, legacyHeaders }: { route: Pick<Route, 'failure'>; legacyHeaders: boolean },
  fault: StateFault,
  measure: { limit: number; actual: number; unit: 'milliseconds' } | undefined,
): Fallback {
  const { state } = route.failure
  if (state.policy === 'closed' || OUR_OWN.includes(fault) || !isUnclaimed(request)) {
    const result = deny('state_unavailable', reasonOf(fault), {
      ...(measure && { measure }),
      retryAfterSeconds: RETRY_AFTER_STATE_SECONDS,
    })
    return { policy: 'closed', count: ++taken.closed, result }
  }
  const count = ++taken[state.policy]
  return { policy: state.policy, count, result: open(state, request, fault, legacyHeaders) }
}

const isUnclaimed = (request: AdmitRequest): request is Unclaimed => request.claim === undefined

const reasonOf = (fault: StateFault): string => `shared state: ${fault}`

/** The only way past a state that did not decide, and it takes no request with a claim. */
function open(
  state: Opening,
  _request: Unclaimed,
  fault: StateFault,
  legacyHeaders: boolean,
): Result<Unlimited> {
  if (state.policy === 'allowed') return allow({ readings: [] })
  // Not the request's own moment: a body that arrives slowly would bring back a window that is over.
  const { admitted, reading } = count(state, Date.now())
  if (admitted) return allow({ readings: [reading] })
  return deny('state_unavailable', `${reasonOf(fault)}, and over the cap of this isolate: ${state.name}`, {
    measure: { limit: state.max, actual: state.max + 1, unit: 'count' },
    retryAfterSeconds: reading.resetSeconds,
    headers: rateLimitHeaders([reading], { legacy: legacyHeaders }),
    extensions: { 'violated-policies': [state.name] },
  })
}

/** Counts a request on the cap: fixed windows, aligned to the epoch. */
function count(cap: Cap, now: number): { admitted: boolean; reading: LimitReading } {
  const { name, max, windowMs } = cap
  const start = Math.floor(now / windowMs) * windowMs
  const known = windows.get(cap)
  // A clock that was set back by less than a window must not open one again that is full.
  const isCurrent = known !== undefined && known.start >= start && known.start <= start + windowMs
  const window = isCurrent ? known : { start, used: 0 }
  const admitted = window.used < max
  if (admitted) window.used++
  windows.set(cap, window)
  const resetSeconds = Math.max(1, Math.ceil((window.start + windowMs - now) / 1000))
  return { admitted, reading: { name, max, windowMs, remaining: max - window.used, resetSeconds } }
}
