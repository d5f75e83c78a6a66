import type { DeliveryClaim, Settlement } from '../state.ts'

export type Claimed =
  | { outcome: 'admitted' }
  | { outcome: 'leased'; retryAfterSeconds: number }
  | { outcome: 'done'; duplicateOf: string }

type Row = {
  state: 'leased' | 'done' | 'burnt'
  token: string
  round: number
  request_id: string
  expires_at: number
}

// A delivery in progress is about to end as a rule: the rest of its lease is the worst case, not the usual one.
const LONGEST_RETRY_AFTER_SECONDS = 5

/** The claims of one shard in SQLite: absent → leased → done, or burnt; a row past `expires_at` is absent. */
export class Deliveries {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS deliveries (
      key TEXT PRIMARY KEY, state TEXT NOT NULL, token TEXT NOT NULL, round INTEGER NOT NULL,
      request_id TEXT NOT NULL, changed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`)
    this.#sql.exec('CREATE INDEX IF NOT EXISTS deliveries_by_expiry ON deliveries (expires_at)')
  }

  /** Takes the claim, or says who has it. A `once` claim is burnt at once, and never forgotten. */
  claim(claim: DeliveryClaim, token: string, round: number, now: number): Claimed {
    const row = this.#live(claim.key, now)
    const once = claim.kind === 'once'
    if (row !== undefined) {
      const own = row.token === token
      if (row.state !== 'leased') {
        return own && once ? { outcome: 'admitted' } : { outcome: 'done', duplicateOf: row.request_id }
      }
      if (!own) {
        const seconds = Math.ceil((row.expires_at - now) / 1000)
        return { outcome: 'leased', retryAfterSeconds: Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) }
      }
    }
    const newest = Math.max(round, row?.round ?? 0)
    this.#write(
      claim,
      once ? 'burnt' : 'leased',
      token,
      newest,
      now,
      now + (once ? claim.ttlMs : claim.leaseMs),
    )
    return { outcome: 'admitted' }
  }

  /** False when another token holds the claim, or for a `once` claim, which has no end but its time. */
  settle({ claim, token, as }: Settlement, now: number): boolean {
    if (claim.kind === 'once') return false
    const row = this.#live(claim.key, now)
    const held = row === undefined || row.token === token
    if (as === 'release') {
      if (held && row?.state === 'leased') this.#delete(claim.key)
    } else {
      // Whoever holds the lease by now: the origin has the delivery, and no release of another undoes that.
      this.#write(claim, 'done', token, row?.round ?? 0, now, now + claim.ttlMs)
    }
    return held
  }

  /** Deletes the lease of the token, unless a newer round of it holds the claim; what is done stays. */
  giveBack(claim: DeliveryClaim, token: string, round: number, now: number): void {
    const row = this.#live(claim.key, now)
    if (row?.state === 'leased' && row.token === token && row.round <= round) this.#delete(claim.key)
  }

  /** Forgets a delivery that is done, so that a resend on purpose passes; false when there is none. */
  forget(key: string, now: number): boolean {
    return this.#live(key, now)?.state === 'done' && this.#delete(key)
  }

  /** Forgets every delivery done since `since` (milliseconds since the epoch); how many. */
  forgetSince(since: number): number {
    return this.#sql
      .exec("DELETE FROM deliveries WHERE state = 'done' AND changed_at >= ? RETURNING 1", since)
      .toArray().length
  }

  /** Deletes what has run out; when the next row does, or undefined when none is left. */
  sweep(now: number): number | undefined {
    this.#sql.exec('DELETE FROM deliveries WHERE expires_at <= ?', now)
    const { next } = this.#sql
      .exec<{ next: number | null }>('SELECT MIN(expires_at) AS next FROM deliveries')
      .one()
    return next ?? undefined
  }

  #live(key: string, now: number): Row | undefined {
    const [row] = this.#sql.exec<Row>(
      'SELECT state, token, round, request_id, expires_at FROM deliveries WHERE key = ? AND expires_at > ?',
      key,
      now,
    )
    return row
  }

  #write(
    claim: DeliveryClaim,
    state: Row['state'],
    token: string,
    round: number,
    now: number,
    until: number,
  ): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO deliveries (key, state, token, round, request_id, changed_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      claim.key,
      state,
      token,
      round,
      claim.requestId,
      now,
      until,
    )
  }

  #delete(key: string): true {
    this.#sql.exec('DELETE FROM deliveries WHERE key = ?', key)
    return true
  }
}
