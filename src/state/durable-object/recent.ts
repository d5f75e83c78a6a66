import type { LimitClaim } from '../state.ts'

/** How long a token is remembered, in milliseconds: longer than any deadline with its retry. */
export const RECENT_MS = 10_000
/** How many tokens are remembered: ten seconds at the 1,000 requests a second that one object bears. */
export const RECENT_ENTRIES = 10_000

/** One limit that a token counted on, and where the count stood. */
export interface Taken {
  limit: LimitClaim
  start: number
}

interface Entry {
  /** The newest round of the token that was seen here. */
  round: number
  at: number
  /** Undefined once given back: calls of that round or before which come late take nothing. */
  taken: Taken[] | undefined
  reported: string[]
}

/**
 * What each token took in the last seconds, in memory.
 * Every call of `admit` has a round number that grows within the isolate that made the token. A give-back
 * names the round it undoes; one that is older than the newest round seen is ignored. So a retry and the
 * give-back of the attempt before it may arrive in either order.
 */
export class Recent {
  readonly #entries = new Map<string, Entry>()

  /** What the token counted already, or undefined; throws when this round was given back before it came. */
  find(token: string, round: number, now: number): Entry | undefined {
    const entry = this.#entries.get(token)
    if (entry === undefined || now - entry.at > RECENT_MS) return undefined
    if (entry.taken === undefined) {
      if (round <= entry.round) throw new Error('this admission was given back before it arrived')
      return undefined
    }
    entry.round = Math.max(entry.round, round)
    return entry
  }

  counted(token: string, round: number, taken: Taken[], reported: string[], now: number): void {
    this.#remember(token, { round, at: now, taken, reported })
  }

  /** Marks the token's rounds up to `round` as given back; what they took, or nothing if a newer round holds it. */
  withdraw(token: string, round: number, now: number): Taken[] {
    const entry = this.#entries.get(token)
    if (entry !== undefined && entry.round > round) return []
    this.#remember(token, { round, at: now, taken: undefined, reported: [] })
    return entry?.taken ?? []
  }

  #remember(token: string, entry: Entry): void {
    this.#entries.delete(token)
    this.#entries.set(token, entry)
    for (const [oldest, { at }] of this.#entries) {
      if (this.#entries.size <= RECENT_ENTRIES && entry.at - at <= RECENT_MS) break
      this.#entries.delete(oldest)
    }
  }
}
