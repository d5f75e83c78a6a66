import { type Count, expiresAt, free, roll } from '../../src/state/limits.ts'
import type { LimitPolicy } from '../../src/state/state.ts'

/** Units that were admitted, at a moment in milliseconds. */
export interface Take {
  at: number
  cost: number
}

/** One limit as a backend keeps it: read, rolled, decided, written, and absent once it has run out. */
export class Played {
  readonly policy: LimitPolicy
  stored: Count | undefined

  constructor(policy: LimitPolicy) {
    this.policy = policy
  }

  /** The count that a request meets when the backend's clock says `now`. */
  countAt(now: number): Count {
    const { stored, policy } = this
    const isAbsent = stored !== undefined && expiresAt(stored, policy) <= now
    return roll(isAbsent ? undefined : stored, policy, now)
  }

  take(now: number, cost: number): boolean {
    const count = this.countAt(now)
    if (free(count, this.policy, now) < cost) return false
    this.stored = { ...count, used: count.used + cost }
    return true
  }
}

export const sum = (takes: readonly Take[]): number => takes.reduce((total, { cost }) => total + cost, 0)

/** What an exact log holds at a moment: the units of the window that ends there, its begin left out. */
export const logged = (takes: readonly Take[], at: number, windowMs: number): number =>
  sum(takes.filter((take) => take.at > at - windowMs && take.at <= at))
