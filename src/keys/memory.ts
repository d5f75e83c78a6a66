import type { KeySet } from './key-set.ts'

/** A set is decided by for so long after it was fetched, and no longer, whatever the issuer's fate. */
export const MAX_STALE_MS = 86_400_000
/** A `kid` that the set does not know is worth one fetch in so many milliseconds. */
export const UNKNOWN_WINDOW_MS = 30_000
/** An attempt ends by itself before this; one of which nothing is heard any more has died with its request. */
export const ATTEMPT_LOST_MS = 8_000
/** A discovered address is asked for again after this. */
const ADDRESS_MS = 86_400_000
const BACKOFF_MS = { first: 1_000, most: 60_000 }
/** Clocks of two machines may differ so much; a set from further ahead says that the clock was moved. */
const AHEAD_MS = 60_000

/** Where an issuer publishes its set, and when that was learnt. */
export interface Address {
  url: string
  learntAt: number
}

/** A set with its age: what is kept in memory, and outside of it under seal. */
export interface Held {
  set: KeySet
  fetchedAt: number
  lifetimeMs: number
  etag: string | undefined
  address: Address
}

/** All that an isolate knows of an issuer: plain data that every request may look at, and no promise. */
export interface Memory {
  held?: Held & { refreshAt: number; attempt: number }
  address?: Address | undefined
  /** The fetch under way. */
  inFlight?: { attempt: number; until: number; waiting: number } | undefined
  attempts: number
  /** When a `kid` that no set knew last cost a fetch. */
  unknownAt: number
  /** In a row. */
  failures: number
  retryAt: number
  fault?: string
  /** What was last written to shared state, and when. */
  kept?: { keys: string; at: number }
}

export const emptyMemory = (): Memory => ({
  attempts: 0,
  unknownAt: Number.NEGATIVE_INFINITY,
  failures: 0,
  retryAt: Number.NEGATIVE_INFINITY,
})

/** The set that is decided by, if there is one. */
export const usable = ({ held }: Memory, now: number): Memory['held'] =>
  held && now - held.fetchedAt <= MAX_STALE_MS ? held : undefined

/** Past its lifetime, or from a clock that ran ahead. */
export const isPast = (held: Held, now: number): boolean =>
  now > held.fetchedAt + held.lifetimeMs || isAhead(held.fetchedAt, now)

/** A refresh would do good and may begin. */
export const isDue = (memory: Memory, now: number): boolean =>
  memory.held !== undefined &&
  (now >= memory.held.refreshAt || isAhead(memory.held.fetchedAt, now)) &&
  mayBegin(memory, now)

export const mayBegin = (memory: Memory, now: number): boolean =>
  !isInFlight(memory, now) && !isBefore(now, memory.retryAt, BACKOFF_MS.most)

export const mayAskForUnknown = (memory: Memory, now: number): boolean =>
  mayBegin(memory, now) && !isBefore(now, memory.unknownAt + UNKNOWN_WINDOW_MS, UNKNOWN_WINDOW_MS)

export const isInFlight = ({ inFlight }: Memory, now: number): boolean =>
  inFlight !== undefined && isBefore(now, inFlight.until, ATTEMPT_LOST_MS)

export const addressOf = ({ address }: Memory, now: number): Address | undefined =>
  address && isBefore(now, address.learntAt + ADDRESS_MS, ADDRESS_MS) ? address : undefined

/** Takes a set over, whole: what is not in it any more is no key any more. An attempt that came too late changes nothing. */
export function adopt(memory: Memory, held: Held, attempt: number): void {
  if (memory.held && memory.held.attempt > attempt) return
  // Isolates that began together shall not ask together.
  const share = 0.75 + Math.random() / 10
  memory.held = { ...held, attempt, refreshAt: held.fetchedAt + held.lifetimeMs * share }
  memory.address = held.address
}

export function noteSuccess(memory: Memory): void {
  memory.failures = 0
  memory.retryAt = Number.NEGATIVE_INFINITY
  delete memory.fault
}

export function noteFailure(memory: Memory, fault: string, now: number): void {
  const fullMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** Math.min(memory.failures, 10))
  memory.failures++
  memory.retryAt = now + fullMs * (1 - Math.random() / 4)
  memory.address = undefined
  memory.fault = fault
}

const isAhead = (at: number, now: number): boolean => at - now > AHEAD_MS

/** Whether a moment is still to come; one that is further away than it can be comes from a clock that was moved. */
const isBefore = (now: number, until: number, mostMs: number): boolean =>
  now < until && until - now <= mostMs + AHEAD_MS
