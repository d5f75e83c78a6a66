import type { Means } from '../authenticator.ts'
import type { Awaitable } from '../contract.ts'
import { within } from '../lib/wait.ts'
import type { Fail } from '../options.ts'
import { checkAddresses } from './address.ts'
import { checkAlgorithms } from './algorithms.ts'
import { begin } from './attempt.ts'
import type { Origin } from './fetch-set.ts'
import { findIn } from './key-set.ts'
import type { FoundKeys, KeySource, WantedKey } from './key-source.ts'
import {
  emptyMemory,
  isDue,
  isInFlight,
  isPast,
  type Memory,
  mayAskForUnknown,
  mayBegin,
  usable,
} from './memory.ts'
import { identityOf } from './sealed.ts'
import { waitAside } from './wait-aside.ts'

/** More issuers than any deployment has; the one that was made first makes room. */
const MAX_SOURCES = 64
/** Where an older set would do, a request waits no longer for a newer one. */
const PATIENCE_MS = 1_000
/** Where nothing would do; what is left of the deadline is for the rest of the way. */
const COLD_PATIENCE_MS = 5_000
const ASKING: FoundKeys = {
  found: 'unavailable',
  retryAfterSeconds: 1,
  reason: 'the issuer is being asked for new keys',
}

export interface RemoteKeysOptions {
  /** The issuer, exactly as its tokens and its metadata name it. */
  issuer: string
  /** Where its key set is. @default found by discovery (OpenID Connect Discovery 1.0, RFC 8414) */
  jwksUrl?: string | undefined
  /** What it signs with; a key that names no algorithm is pinned to the first that fits. */
  algorithms: readonly string[]
}

const sources = new Map<string, KeySource>()

/**
 * The keys that an issuer publishes, cached by this isolate: two with equal options are one source, with one cache, one
 * window for unknown keys and one backoff. Throws a `TypeError` for an issuer or an address that is not https (http only
 * on loopback), and for an algorithm without public keys.
 */
export function remoteKeys({ issuer, jwksUrl, algorithms }: RemoteKeysOptions): KeySource {
  const origin: Origin = { issuer, jwksUrl, algorithms }
  const identity = identityOf(origin)
  const known = sources.get(identity)
  if (known) return known
  checkAddresses(issuer, jwksUrl, fail)
  checkAlgorithms(algorithms, fail)
  const source = cachedKeys({ ...origin, algorithms: [...algorithms] })
  const [oldest] = sources.keys()
  if (sources.size >= MAX_SOURCES && oldest !== undefined) sources.delete(oldest)
  sources.set(identity, source)
  return source
}

/** A source with a memory of its own. */
export function cachedKeys(origin: Origin): KeySource {
  const memory = emptyMemory()
  return {
    find: (wanted, means, now) => find(origin, memory, wanted, means, now),
    standing(thumbprint, now) {
      const held = usable(memory, now)
      // Where a refresh is due, who remembers a verified token is sent to `find`, which begins it.
      if (held?.set.thumbprints.has(thumbprint) !== true || isDue(memory, now)) return undefined
      return isPast(held, now) ? 'stale' : 'current'
    },
  }
}

function find(
  origin: Origin,
  memory: Memory,
  wanted: WantedKey,
  means: Means,
  now: number,
): Awaitable<FoundKeys> {
  const held = usable(memory, now)
  if (held === undefined) return findCold(origin, memory, wanted, means, now)
  if (isDue(memory, now)) {
    const news = begin(origin, memory, means, now)
    // In date, or the issuer was down a moment ago: nobody waits for what may not come.
    if (isPast(held, now) && memory.failures === 0) {
      return within(patience(means), () => news).then(() => answer(memory, wanted, now))
    }
  }
  const decided = decide(memory, wanted, now)
  return decided.found === 'none' ? findUnknown(origin, memory, wanted, means, now) : decided
}

/** One request asks the issuer again, and those that come while it does may wait with it. */
async function findUnknown(
  origin: Origin,
  memory: Memory,
  wanted: WantedKey,
  means: Means,
  now: number,
): Promise<FoundKeys> {
  if (mayAskForUnknown(memory, now)) {
    memory.unknownAt = now
    await within(patience(means), () => begin(origin, memory, means, now))
  } else if (isInFlight(memory, now)) {
    await waitAside(memory, patience(means), () => decide(memory, wanted, now).found === 'keys')
  }
  return answer(memory, wanted, now)
}

async function findCold(
  origin: Origin,
  memory: Memory,
  wanted: WantedKey,
  means: Means,
  now: number,
): Promise<FoundKeys> {
  const patienceMs = Math.min(COLD_PATIENCE_MS, means.remainingMs() * 0.75)
  if (mayBegin(memory, now)) {
    await within(patienceMs, () => begin(origin, memory, means, now))
    const decided = decide(memory, wanted, now)
    if (decided.found !== 'none') return decided
    // A set out of a cache may lack what the issuer has by now.
    if ((memory.held?.fetchedAt ?? 0) < now) return findUnknown(origin, memory, wanted, means, now)
    // What was fetched for this `kid` a moment ago is not fetched again for the next one.
    memory.unknownAt = now
    return decided
  }
  if (isInFlight(memory, now)) {
    await waitAside(memory, patienceMs, () => usable(memory, now) !== undefined)
  }
  const decided = decide(memory, wanted, now)
  // A set that was kept elsewhere may lack a key that the issuer has by now.
  return decided.found === 'none' ? findUnknown(origin, memory, wanted, means, now) : decided
}

/** What memory says by now, but for a key that the issuer is being asked for: nobody knows yet that there is none. */
function answer(memory: Memory, wanted: WantedKey, now: number): FoundKeys {
  const decided = decide(memory, wanted, now)
  return decided.found === 'none' && isInFlight(memory, now) ? ASKING : decided
}

/** What memory says by now. */
function decide(memory: Memory, wanted: WantedKey, now: number): FoundKeys {
  const held = usable(memory, now)
  if (held === undefined) {
    const retryAfterSeconds = Math.max(1, Math.min(60, Math.ceil((memory.retryAt - now) / 1000)))
    return {
      found: 'unavailable',
      retryAfterSeconds,
      reason: memory.fault ?? 'the issuer has not answered yet',
    }
  }
  const keys = findIn(held.set, wanted)
  return keys.length === 0 ? { found: 'none' } : { found: 'keys', keys, isStale: isPast(held, now) }
}

const patience = (means: Means): number => Math.min(PATIENCE_MS, means.remainingMs() / 2)

const fail: Fail = (option, problem) => {
  throw new TypeError(`remoteKeys: ${option}: ${problem}`)
}
