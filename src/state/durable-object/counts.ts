import { type Count, expiresAt, free, readingOf, roll, takeBack } from '../limits.ts'
import type { LimitClaim, LimitReading } from '../state.ts'
import type { Taken } from './recent.ts'

/** The answer of one owner: its limits in the order asked. */
export interface Counted {
  readings: LimitReading[]
  /** Limits that deny; when there is one, none of the owner's limits counted. */
  violated: string[]
  /** Limits in report mode that would have denied. */
  reported: string[]
}

type Row = { start: number; used: number; previous: number }

/** The limits of one owner in SQLite: one row each, read and written once in a call. */
export class Counts {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS counts (
      name TEXT PRIMARY KEY, shape TEXT NOT NULL, start REAL NOT NULL, used REAL NOT NULL,
      previous REAL NOT NULL, expires_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID`)
  }

  /** Counts on all limits or, when one that is enforced has too little left, on none. */
  take(limits: readonly LimitClaim[], now: number): Counted & { taken: Taken[]; expiresAt: number } {
    const counts = limits.map((limit) => ({ limit, count: this.#read(limit, now) }))
    const over = counts.filter(({ limit, count }) => free(count, limit, now) < limit.cost)
    const denied = over.filter(({ limit }) => limit.mode === 'enforce')
    const taken: Taken[] = []
    let soonest = Number.POSITIVE_INFINITY
    if (denied.length === 0) {
      for (const entry of counts) {
        if (over.includes(entry)) continue
        const { limit, count } = entry
        entry.count = { ...count, used: count.used + limit.cost }
        soonest = Math.min(soonest, this.#write(limit, entry.count))
        taken.push({ limit, start: count.start })
      }
    }
    return {
      readings: counts.map((entry) => readingOf(entry.limit, entry.count, now, denied.includes(entry))),
      violated: denied.map(({ limit }) => limit.name),
      reported: over.filter(({ limit }) => limit.mode === 'report').map(({ limit }) => limit.name),
      taken,
      expiresAt: soonest,
    }
  }

  /** Reads without counting: for a token that has counted already. */
  read(limits: readonly LimitClaim[], now: number): LimitReading[] {
    return limits.map((limit) => readingOf(limit, this.#read(limit, now), now))
  }

  takeBack(taken: readonly Taken[], now: number): void {
    for (const { limit, start } of taken) {
      const count = this.#read(limit, now)
      const less = takeBack(count, limit, limit.cost, start, now)
      if (less.used !== count.used || less.previous !== count.previous) this.#write(limit, less)
    }
  }

  /** Deletes what has run out; when the next count does, or undefined when none is left. */
  sweep(now: number): number | undefined {
    this.#sql.exec('DELETE FROM counts WHERE expires_at <= ?', now)
    const { next } = this.#sql
      .exec<{ next: number | null }>('SELECT MIN(expires_at) AS next FROM counts')
      .one()
    return next ?? undefined
  }

  #read(limit: LimitClaim, now: number): Count {
    const [row] = this.#sql.exec<Row>(
      'SELECT start, used, previous FROM counts WHERE name = ? AND shape = ?',
      limit.name,
      shape(limit),
    )
    return roll(row, limit, now)
  }

  #write(limit: LimitClaim, count: Count): number {
    const until = expiresAt(count, limit)
    this.#sql.exec(
      'INSERT OR REPLACE INTO counts (name, shape, start, used, previous, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
      limit.name,
      shape(limit),
      count.start,
      count.used,
      count.previous,
      until,
    )
    return until
  }
}

// A count says nothing under another algorithm or window, so such a change in a route starts it anew.
const shape = ({ algorithm, windowMs, calendar }: LimitClaim) => `${algorithm}:${calendar ?? windowMs}`
