import type { Means } from '../authenticator.ts'
import { within } from '../lib/wait.ts'

/** How a look-up ended: what is known, or why there is nothing to know; both are remembered. A failure is not. */
export type Answer<T> =
  | { known: T; bytes: number }
  /** The reason for the record, a constant text. */
  | { unknown: string }
  /** `ofOne`: what was asked about is to blame, and says nothing of whether others would be answered. */
  | { failed: string; ofOne?: true }

export type Found<T> =
  | { found: 'known'; value: T }
  | { found: 'unknown'; reason: string }
  | { found: 'unavailable'; reason: string; retryAfterSeconds: number }

/** Milliseconds for which answers are remembered: what is known, and that there is nothing to know. */
export interface Ages {
  knownMs: number
  unknownMs: number
}

export interface Bounds {
  /** Look-ups that run at a time. */
  maxInFlight: number
  /** Look-ups a second that strangers may cost: once they are used up, only what was known before is looked up. */
  missesPerSecond: number
  /** After a failure that is not of one name, one look-up at a time tries again, 1 s to 30 s apart, and nothing else is asked. */
  backsOff: boolean
}

export interface Lookups<T> {
  /** What is remembered under a name, else what `call` finds; `now` in milliseconds since the epoch. */
  find(name: string, now: number, ages: Ages, means: Means, call: Call<T>): Promise<Found<T>>
}

/** Rejects or says `failed` where there is no answer; its signal aborts after 5 s. */
export type Call<T> = (signal: AbortSignal) => Promise<Answer<T>>

const MAX_ENTRIES = 1000
const MAX_BYTES = 4_194_304
const MAX_WAITING = 500
const CALL_MS = 5000
/** A mark of a request that workerd has cancelled is nobody's: it ends by itself. */
const MARK_MS = CALL_MS + 1000
const FIRST_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 30_000

/**
 * Look-ups of one kind in this isolate, remembered within bounds. A request waits for its own look-up, or for one of the
 * same name by looking at plain memory: no request ever waits for a promise of another, which workerd would cancel with it.
 * A look-up runs to its end in the background, so that it is there for the next request where this one gave up.
 */
export function lookups<T>(bounds: Bounds): Lookups<T> {
  const known = new Map<string, { at: number; nth: number; value: T; bytes: number }>()
  const unknown = new Map<string, { at: number; nth: number; reason: string }>()
  let knownBytes = 0
  let remembered = 0
  const inFlight = marks(bounds.maxInFlight)
  const waiting = waits(MAX_WAITING)
  let misses = { left: bounds.missesPerSecond, at: 0 }
  let outage = { failures: 0, untilMs: 0, probeUntilMs: 0 }

  /** What is not out of date, or was remembered after the first `since` of all that ever was. */
  function recall(name: string, now: number, ages: Ages, since: number): Found<T> | undefined {
    const held = known.get(name)
    if (held && (now - held.at < ages.knownMs || held.nth > since)) {
      // The last in the map is the last that was used.
      known.delete(name)
      known.set(name, held)
      return { found: 'known', value: held.value }
    }
    const missed = unknown.get(name)
    if (!missed || (now - missed.at >= ages.unknownMs && missed.nth <= since)) return undefined
    return { found: 'unknown', reason: missed.reason }
  }

  function forget(name: string): void {
    knownBytes -= known.get(name)?.bytes ?? 0
    known.delete(name)
    unknown.delete(name)
  }

  function remember(name: string, at: number, answer: Exclude<Answer<T>, { failed: string }>): void {
    forget(name)
    const nth = ++remembered
    if ('unknown' in answer) {
      unknown.set(name, { at, nth, reason: answer.unknown })
      if (unknown.size > MAX_ENTRIES) forget(eldest(unknown))
      return
    }
    known.set(name, { at, nth, value: answer.known, bytes: answer.bytes })
    knownBytes += answer.bytes
    while (known.size > MAX_ENTRIES || knownBytes > MAX_BYTES) forget(eldest(known))
  }

  /** Why nothing may be asked now, or undefined; in an outage the one that may ask is marked here. */
  function hindrance(name: string, now: number): Found<T> | undefined {
    if (outage.failures > 0) {
      const untilMs = Math.max(outage.untilMs, outage.probeUntilMs)
      if (now < untilMs) return unavailable('look-ups failed a moment ago', (untilMs - now) / 1000)
    }
    const earned = (Math.max(0, now - misses.at) / 1000) * bounds.missesPerSecond
    misses = { left: Math.min(bounds.missesPerSecond, misses.left + earned), at: Math.max(now, misses.at) }
    // Whether this one is known cannot be told without asking: no 401, which would tell its owner that it is worth nothing.
    // What was known before is no stranger's invention: no flood of those keeps its owner out.
    if (misses.left < 1 && !known.has(name)) return unavailable('too many look-ups of what is not known')
    if (inFlight.isFull()) return unavailable('too many look-ups at a time')
    if (outage.failures > 0) outage.probeUntilMs = now + MARK_MS
    return undefined
  }

  async function look(name: string, now: number, call: Call<T>): Promise<Found<T>> {
    const start = performance.now()
    const wasKnown = known.has(name)
    inFlight.set(name, start + MARK_MS)
    const asked = await within(CALL_MS, call)
    inFlight.delete(name)
    const answer: Answer<T> = asked.ended === 'value' ? asked.value : { failed: 'the look-up failed' }
    if ('failed' in answer) {
      // A busy event loop says nothing of what was asked.
      if (answer.ofOne) blame(name)
      else if (asked.ended === 'late' && asked.starved) outage = { ...outage, probeUntilMs: 0 }
      else if (bounds.backsOff) fail(now, now + performance.now() - start)
      return unavailable(answer.failed, (outage.untilMs - now) / 1000)
    }
    outage = { failures: 0, untilMs: 0, probeUntilMs: 0 }
    remember(name, now, answer)
    if ('known' in answer) return { found: 'known', value: answer.known }
    if (!wasKnown) misses.left -= 1
    return { found: 'unknown', reason: answer.unknown }
  }

  /** An outage goes on, and the next one may try; a name that was known before is from now on bounded like all others. */
  function blame(name: string): void {
    if (known.has(name)) forget(name)
    else misses.left -= 1
    outage = { ...outage, probeUntilMs: 0 }
  }

  function fail(startedMs: number, endedMs: number): void {
    // What began before the pause is of the outage that is known already.
    if (startedMs < outage.untilMs) return
    const failures = outage.failures + 1
    const pauseMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 10))
    // Isolates that failed together do not come back together.
    const untilMs = endedMs + pauseMs * (0.75 + Math.random() / 4)
    outage = { failures, untilMs, probeUntilMs: 0 }
  }

  /** Looks at memory until the look-up that is under way has ended. */
  async function wait(name: string, now: number, ages: Ages, waitMs: number): Promise<Found<T>> {
    const untilMs = performance.now() + waitMs
    const end = waiting.begin(name, untilMs + 1000)
    if (!end) return unavailable('too many requests wait for look-ups')
    // Where answers are remembered for a shorter time than a look-up takes, this one is still the answer to it.
    const since = remembered
    let found: Found<T> | undefined
    for (let pauseMs = 5; !found && performance.now() < untilMs; pauseMs = Math.min(50, pauseMs * 2)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      found = recall(name, now, ages, since)
      if (!found && !inFlight.has(name)) found = unavailable('the look-up of another request failed')
    }
    end()
    return found ?? tooLate
  }

  return {
    async find(name, now, ages, means, call) {
      const held = recall(name, now, ages, remembered)
      if (held) return held
      // Half of what is left is for the state that decides.
      const waitMs = means.remainingMs() / 2
      if (inFlight.has(name)) return wait(name, now, ages, waitMs)
      const hindered = hindrance(name, now)
      if (hindered) return hindered
      const work = look(name, now, call)
      means.background(work)
      const ended = await within(waitMs, () => work)
      return ended.ended === 'value' ? ended.value : tooLate
    },
  }
}

/** Names with the moment (of `performance.now`) when each ends by itself. */
function marks(max: number) {
  const untilMs = new Map<string, number>()
  return {
    has: (name: string): boolean => (untilMs.get(name) ?? 0) > performance.now(),
    set: (name: string, until: number): void => void untilMs.set(name, until),
    delete: (name: string): void => void untilMs.delete(name),
    isFull(): boolean {
      if (untilMs.size < max) return false
      const now = performance.now()
      for (const [name, until] of untilMs) if (until <= now) untilMs.delete(name)
      return untilMs.size >= max
    },
  }
}

/** Those who wait, each until its moment (of `performance.now`): for one name at most as many as it leaves free for others. */
function waits(max: number) {
  const held = new Set<{ name: string; until: number }>()
  return {
    /** Ends the wait; undefined where there is no room for it. */
    begin(name: string, until: number): (() => void) | undefined {
      const now = performance.now()
      let own = 0
      for (const one of held) {
        if (one.until <= now) held.delete(one)
        else if (one.name === name) own += 1
      }
      if (own >= max - held.size) return undefined
      const one = { name, until }
      held.add(one)
      return () => void held.delete(one)
    },
  }
}

const unavailable = (reason: string, seconds = 1): Found<never> => ({
  found: 'unavailable',
  reason,
  retryAfterSeconds: Math.max(1, Math.ceil(seconds)),
})
const tooLate = unavailable('the look-up took too long')

const eldest = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value ?? ''
