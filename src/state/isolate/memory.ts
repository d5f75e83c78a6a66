import type { Admission, AdmitRequest, LimitClaim, LimitReading } from '../state.ts'

/** The most denials that an isolate remembers. */
export const MEMORY_ENTRIES = 10_000
/** Milliseconds for which a denial is believed at most: somebody may raise the limit, or units may be given back. */
export const BELIEVED_MS = 60_000
/**
 * The same for owners that strangers share. A backend that is not atomic counts what another limit or a claim then denies
 * and gives it back within a second: whoever makes such counts on purpose must not have others denied for longer.
 */
export const BELIEVED_SHARED_MS = 1000
/** Longer keys are not remembered, so that the bound on entries is a bound on bytes. */
export const LONGEST_KEY = 512
/** How many entries a full memory gives up at once, so that looking through all of it is rare. */
const ROOM = MEMORY_ENTRIES / 10

/** A limit that denied a request of this cost. Moments are this isolate's clock, in milliseconds since the epoch. */
interface Denied {
  cost: number
  since: number
  until: number
  retryAfterMs: number
  remaining: number
  resetSeconds: number
}

/**
 * Limits that deny, remembered in the isolate: a flood from one client costs no call. A denial is looked up under exactly
 * the limit and owner that gave it, so a stranger can bring it about only for owners that he counts on himself.
 *
 * - Limits come before claims in every backend (blocked, revoked, limited, leased, done): a copy of a delivery that is
 *   done gets 429 here as it would there. A claim of kind `once` is not even burnt.
 * - A blocked client or a revoked principal that is over its limit as well is refused with 429 in place of 403 or 401.
 * - A call that is tried again always asks: its first try may hold the units and the lease that it asks for.
 * - A denial from before the clock was set back is dropped; a clock that jumps ahead ends it early, which costs a call.
 */
export class Memory {
  // In the order of writing: the oldest entry is the first.
  readonly #denied = new Map<string, Denied>()

  get size(): number {
    return this.#denied.size
  }

  /** The denial of a request that a remembered limit denies, or undefined when shared state has to be asked. */
  recall({ isRetry, limits }: AdmitRequest, now: number): Admission | undefined {
    if (this.#denied.size === 0 || isRetry) return undefined
    const violated: string[] = []
    const readings: LimitReading[] = []
    for (const limit of limits) {
      const denied = limit.mode === 'enforce' ? this.#find(keyOf(limit), now) : undefined
      if (denied === undefined || limit.cost < denied.cost) continue
      violated.push(limit.name)
      readings.push(countedDown(limit, denied, now))
    }
    if (violated.length === 0) return undefined
    const waits = readings.map(({ retryAfterMs = 0 }) => Math.ceil(retryAfterMs / 1000))
    return {
      outcome: 'limited',
      limits: readings,
      violated,
      retryAfterSeconds: Math.max(1, ...waits),
      remembered: true,
    }
  }

  /**
   * Learns from an answer; `askedAt` is when the call began, so that no denial is believed for longer than the backend said.
   */
  learn(request: AdmitRequest, admission: Admission, askedAt: number): void {
    if (admission.outcome !== 'limited') return
    request.limits.forEach((limit, index) => {
      const reading = admission.limits[index]
      if (reading?.retryAfterMs === undefined || reading.name !== limit.name) return
      if (limit.mode !== 'enforce') return
      const { retryAfterMs, remaining, resetSeconds } = reading
      const believedMs = isShared(limit, request) ? BELIEVED_SHARED_MS : BELIEVED_MS
      this.#remember(keyOf(limit), {
        cost: limit.cost,
        since: askedAt,
        until: askedAt + Math.min(retryAfterMs, believedMs),
        retryAfterMs,
        remaining,
        resetSeconds,
      })
    })
  }

  /** Forgets what is known of these limits: units came back. */
  forget(limits: readonly LimitClaim[]): void {
    if (this.#denied.size > 0) for (const limit of limits) this.#denied.delete(keyOf(limit))
  }

  #find(key: string, now: number): Denied | undefined {
    const denied = this.#denied.get(key)
    if (denied === undefined || isLive(denied, now)) return denied
    this.#denied.delete(key)
    return undefined
  }

  #remember(key: string, denied: Denied): void {
    if (key.length > LONGEST_KEY) return
    this.#denied.delete(key)
    if (this.#denied.size >= MEMORY_ENTRIES) this.#makeRoom(denied.since)
    this.#denied.set(key, denied)
  }

  /** Once in a thousand entries at the most: what has run out goes first, then the oldest. */
  #makeRoom(now: number): void {
    for (const [key, denied] of this.#denied) if (!isLive(denied, now)) this.#denied.delete(key)
    for (const key of this.#denied.keys()) {
      if (this.#denied.size <= MEMORY_ENTRIES - ROOM) return
      this.#denied.delete(key)
    }
  }
}

const isLive = ({ since, until }: Denied, now: number): boolean => now >= since && now < until

/** The owner comes last, for it may hold any character; the rest has no space in it. */
function keyOf({ owner, name, algorithm, max, windowMs, calendar, refill }: LimitClaim): string {
  return `${name} ${algorithm} ${max} ${calendar ?? windowMs} ${refill} ${owner}`
}

/** May a stranger have units counted on this owner that are about to be given back? */
function isShared({ owner }: LimitClaim, { claim }: AdmitRequest): boolean {
  if (owner.startsWith('client:')) return owner === 'client:unknown'
  // A copy of a delivery can be sent by whoever got hold of one, and counts until its claim is refused.
  return claim !== undefined || !/^(principal|tenant|apiKey):/.test(owner)
}

function countedDown({ name, max, windowMs }: LimitClaim, denied: Denied, now: number): LimitReading {
  const passedMs = now - denied.since
  return {
    name,
    max,
    windowMs,
    remaining: denied.remaining,
    resetSeconds: Math.max(1, Math.ceil(denied.resetSeconds - passedMs / 1000)),
    retryAfterMs: Math.max(1, denied.retryAfterMs - passedMs),
  }
}
