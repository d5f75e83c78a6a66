import type { Means } from '../authenticator.ts'
import { allow, deny, type Result } from '../contract.ts'
import { within } from '../lib/wait.ts'
import type { Got } from './ask.ts'

export interface PublishedBy<T, Access> {
  /** What it is, for reasons: `certificate`. */
  what: string
  get: (name: string, access: Access, signal: AbortSignal) => Promise<Got<T>>
  /** Milliseconds after which it is looked at again, while what is known goes on deciding. */
  freshMs: number
  /**
   * Strangers choose names: so many unknown ones are asked for at once, and then one in so many milliseconds, by one client;
   * by all of them ten times as many.
   */
  unknown: { burst: number; everyMs: number }
}

/** Finds a thing by the name that a delivery gives it. */
export type Find<T, Access> = (name: string, access: Access, means: Means, asker: Asker) => Promise<Result<T>>

/** Who asks, and when: strangers must not use up the places of the provider. */
export interface Asker {
  client?: string | undefined
  now: number
}

/** The provider's time, not a request's. */
const FETCH_MS = 5_000
/** What is known decides for so long at most, whatever becomes of the provider's server. */
const KEEP_MS = 86_400_000
/** An attempt ends by itself before this; one that did not has died with its request. */
const LOST_MS = 8_000
/** Clocks of two machines may differ so much; a moment that is further ahead tells of a clock that was moved. */
const AHEAD_MS = 60_000
const BACKOFF_MS = { first: 1_000, most: 60_000 }
const MAX_KNOWN = 16
/** Names that failed, and those under way. */
const MAX_UNKNOWN = 64
const MAX_CLIENTS = 256
const ALL_CLIENTS = 10
/** Requests that may stand by during one fetch, a timer each. */
const MAX_WAITING = 100
const PAUSE_MS = 20

/**
 * Things that a provider publishes under names, as this isolate remembers them. What is known decides at once; an unknown name
 * is fetched inside the deadline of the request that has it, and what fails is left alone for a while. Plain data: nobody awaits
 * another request's promise.
 */
export function published<T, Access = undefined>(by: PublishedBy<T, Access>): Find<T, Access> {
  const known = new Map<string, { value: T; at: number }>()
  const failed = new Map<string, { fault: string; isFinal: boolean; times: number; retryAt: number }>()
  const underWay = new Map<string, { until: number; waiting: number }>()
  // When the places for unknown names will all be free again: those of a client, and those of all.
  const freeAt = new Map<string, number>()
  let allFreeAt = Number.NEGATIVE_INFINITY

  const usable = (name: string, now: number) => {
    const held = known.get(name)
    const age = now - (held?.at ?? Number.NEGATIVE_INFINITY)
    return held && age <= KEEP_MS && age >= -AHEAD_MS ? { value: held.value, age } : undefined
  }
  const isUnderWay = (name: string, now: number) =>
    isBefore(now, underWay.get(name)?.until ?? Number.NEGATIVE_INFINITY, LOST_MS)
  const mayTry = (name: string, now: number) =>
    !isUnderWay(name, now) &&
    !isBefore(now, failed.get(name)?.retryAt ?? Number.NEGATIVE_INFINITY, BACKOFF_MS.most)

  function takePlace({ client = '', now }: Asker): boolean {
    const { burst, everyMs } = by.unknown
    const own = nextFree(freeAt.get(client), now, burst, everyMs)
    const all = nextFree(allFreeAt, now, burst * ALL_CLIENTS, everyMs / ALL_CLIENTS)
    if (own === undefined || all === undefined) return false
    put(freeAt, client, own, MAX_CLIENTS)
    allFreeAt = all
    return true
  }

  /** Begins the one fetch of a name; the promise is for the request that began it alone. */
  function begin(name: string, access: Access, means: Means, now: number): Promise<void> {
    const attempt = { until: now + LOST_MS, waiting: 0 }
    put(underWay, name, attempt, MAX_UNKNOWN)
    const { promise, resolve } = Promise.withResolvers<void>()
    const began = performance.now()
    const run = async () => {
      const waited = await within(FETCH_MS, (signal) => by.get(name, access, signal))
      const got: Got<T> =
        waited.ended === 'value'
          ? waited.value
          : { ok: false, fault: waited.ended === 'late' ? 'no answer in time' : 'cannot be reached' }
      if (got.ok) {
        put(known, name, { value: got.value, at: now }, MAX_KNOWN)
        failed.delete(name)
      } else {
        const times = (failed.get(name)?.times ?? 0) + 1
        const pauseMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** Math.min(times - 1, 10))
        const retryAt = now + (performance.now() - began) + pauseMs
        put(failed, name, { fault: got.fault, isFinal: got.isFinal === true, times, retryAt }, MAX_UNKNOWN)
      }
      if (underWay.get(name) === attempt) underWay.delete(name)
      resolve()
    }
    means.background(run())
    return promise
  }

  /** Looks at plain memory while another request's fetch is under way. */
  async function standBy(name: string, ms: number): Promise<void> {
    const attempt = underWay.get(name)
    if (!attempt || attempt.waiting >= MAX_WAITING) return
    attempt.waiting++
    const end = performance.now() + ms
    while (underWay.get(name) === attempt && performance.now() < end) {
      await new Promise((resume) => setTimeout(resume, PAUSE_MS))
    }
    attempt.waiting--
  }

  return async function find(name, access, means, asker) {
    const { now } = asker
    const held = usable(name, now)
    if (held) {
      put(known, name, known.get(name), MAX_KNOWN)
      if (held.age >= by.freshMs && mayTry(name, now)) begin(name, access, means, now)
      return allow(held.value)
    }
    // What is left of the deadline is for the rest of the way.
    const patienceMs = means.remainingMs() * 0.75
    if (mayTry(name, now)) {
      if (!known.has(name) && !takePlace(asker)) {
        return unavailable(by.what, 'too many unknown ones are asked for', by.unknown.everyMs)
      }
      await within(patienceMs, () => begin(name, access, means, now))
    } else if (isUnderWay(name, now)) await standBy(name, patienceMs)
    const found = usable(name, now)
    if (found) return allow(found.value)
    const failure = failed.get(name)
    if (failure?.isFinal) return deny('signature_refused', `the ${by.what}: ${failure.fault}`)
    return unavailable(by.what, failure?.fault ?? 'is being fetched', (failure?.retryAt ?? 0) - now)
  }
}

/** When all places will be free once one more is taken; undefined where none is. */
function nextFree(
  freeAt = Number.NEGATIVE_INFINITY,
  now: number,
  burst: number,
  everyMs: number,
): number | undefined {
  const from = isBefore(now, freeAt, burst * everyMs) ? freeAt : now
  return from - now > (burst - 1) * everyMs ? undefined : from + everyMs
}

/** The newest stands last, and the oldest makes room. */
function put<V>(map: Map<string, V>, name: string, value: V | undefined, most: number): void {
  map.delete(name)
  const [oldest] = map.keys()
  if (map.size >= most && oldest !== undefined) map.delete(oldest)
  if (value !== undefined) map.set(name, value)
}

const isBefore = (now: number, until: number, mostMs: number): boolean =>
  now < until && until - now <= mostMs + AHEAD_MS

const unavailable = (what: string, fault: string, waitMs: number) =>
  deny('issuer_unavailable', `the ${what}: ${fault}`, {
    retryAfterSeconds: Math.max(1, Math.min(60, Math.ceil(waitMs / 1000))),
  })
