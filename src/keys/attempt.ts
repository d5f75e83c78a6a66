import type { Means } from '../authenticator.ts'
import { fetchSet, type Origin } from './fetch-set.ts'
import {
  ATTEMPT_LOST_MS,
  adopt,
  type Held,
  isPast,
  type Memory,
  noteFailure,
  noteSuccess,
  usable,
} from './memory.ts'
import { type Outside, outside } from './outside.ts'

/** For discovery and set together; the issuer's time, not a request's. */
const FETCH_MS = 5_000
/** An issuer that has said nothing for so long gets company: a set in date that was kept outside decides until it answers. */
const LATE_MS = 300

/**
 * Begins the one fetch of a source. It runs under `waitUntil`, so that a caller who hangs up takes it from nobody. The promise
 * resolves when there is a set to decide by, or none to hope for; only the request that began it may wait for it.
 */
export function begin(origin: Origin, memory: Memory, means: Means, now: number): Promise<void> {
  const attempt = ++memory.attempts
  memory.inFlight = { attempt, until: now + ATTEMPT_LOST_MS, waiting: 0 }
  const { promise, resolve } = Promise.withResolvers<void>()
  means.background(run(origin, memory, means, attempt, resolve))
  return promise
}

async function run(
  origin: Origin,
  memory: Memory,
  means: Means,
  attempt: number,
  news: () => void,
): Promise<void> {
  const end = (): void => {
    if (memory.inFlight?.attempt === attempt) memory.inFlight = undefined
    news()
  }
  try {
    const kept = await outside(origin, means)
    const held = usable(memory, Date.now())
      ? await fetched(origin, memory, attempt)
      : await cold(origin, memory, attempt, kept, news)
    end()
    // What is not kept is fetched again by the next isolate.
    if (held) await kept?.keep(held, memory).catch(() => undefined)
  } catch (error) {
    // A slip of ours must not leave the source without its backoff.
    fail(memory, attempt, `unexpected ${error instanceof Error ? error.name : 'throw'}`)
    end()
  }
}

/** Fetches and takes over; a bad set changes nothing but the time of the next try. */
async function fetched(origin: Origin, memory: Memory, attempt: number): Promise<Held | undefined> {
  const outcome = await fetchSet(origin, memory, AbortSignal.timeout(FETCH_MS))
  if (!outcome.ok) {
    fail(memory, attempt, outcome.fault)
    return undefined
  }
  adopt(memory, outcome.value, attempt)
  noteSuccess(memory)
  return outcome.value
}

/** An isolate that has nothing: the cache of the location, the issuer, and the last good set where the issuer fails. */
async function cold(
  origin: Origin,
  memory: Memory,
  attempt: number,
  kept: Outside | undefined,
  news: () => void,
): Promise<Held | undefined> {
  const cached = await kept?.fromCache()
  if (cached && !isPast(cached, Date.now())) {
    adopt(memory, cached, attempt)
    noteSuccess(memory)
    return undefined
  }
  let asked: Promise<Held | undefined> | undefined
  const lastGood = (): Promise<Held | undefined> => {
    asked ??= newestOf(kept, cached)
    return asked
  }
  const late = setTimeout(async () => {
    const found = await lastGood()
    // While the issuer may still answer, what it has removed since is no key: only its failure makes an older set good enough.
    if (found && !isPast(found, Date.now()) && standIn(memory, attempt, found)) news()
  }, LATE_MS)
  const held = await fetched(origin, memory, attempt)
  clearTimeout(late)
  if (held === undefined) standIn(memory, attempt, await lastGood())
  return held
}

/** The newest set that was kept outside, of whatever age below the cap. */
async function newestOf(kept: Outside | undefined, cached: Held | undefined): Promise<Held | undefined> {
  const stored = await kept?.fromStore()
  return stored && cached ? (stored.fetchedAt > cached.fetchedAt ? stored : cached) : (stored ?? cached)
}

/** Decides by what was kept, unless the issuer was quicker. */
function standIn(memory: Memory, attempt: number, kept: Held | undefined): boolean {
  if (kept === undefined || usable(memory, Date.now())) return false
  const address = memory.address
  adopt(memory, kept, attempt)
  // After a failure the address is learnt anew.
  memory.address = memory.failures > 0 ? address : memory.address
  return true
}

function fail(memory: Memory, attempt: number, fault: string): void {
  // One that was given up for lost says nothing of the issuer as it is now.
  if (attempt === memory.attempts) noteFailure(memory, fault, Date.now())
}
