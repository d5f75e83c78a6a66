import { DurableObject } from 'cloudflare:workers'

const WINDOW_MS = 60_000
const MAX = 1_000_000_000
const LEASE_MS = 41_000
const DONE_MS = 30 * 86_400_000

/** Limit and claim of the hand-written route: one object, one call for both, one to settle. */
export class ByHandState extends DurableObject {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env)
    this.#sql = ctx.storage.sql
    this.#sql.exec('CREATE TABLE IF NOT EXISTS count (id INTEGER PRIMARY KEY, start, used, previous)')
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS claim (key TEXT PRIMARY KEY, token, until, done) WITHOUT ROWID',
    )
  }

  admit(key: string, token: string, now: number): 'admitted' | 'limited' | 'leased' | 'done' {
    const [row] = this.#sql.exec<{ start: number; used: number; previous: number }>('SELECT * FROM count')
    const start = Math.floor(now / WINDOW_MS) * WINDOW_MS
    let { used, previous } = row ?? { used: 0, previous: 0 }
    if (row?.start !== start) {
      previous = row?.start === start - WINDOW_MS ? used : 0
      used = 0
    }
    if (used + previous * (1 - (now - start) / WINDOW_MS) >= MAX) return 'limited'
    const [claim] = this.#sql.exec<{ token: string; done: number }>(
      'SELECT token, done FROM claim WHERE key = ? AND until > ?',
      key,
      now,
    )
    if (claim) return claim.done === 1 ? 'done' : 'leased'
    this.#sql.exec('INSERT OR REPLACE INTO count VALUES (1, ?, ?, ?)', start, used + 1, previous)
    this.#sql.exec('INSERT OR REPLACE INTO claim VALUES (?, ?, ?, 0)', key, token, now + LEASE_MS)
    return 'admitted'
  }

  settle(key: string, token: string, done: boolean): void {
    if (done) {
      const until = Date.now() + DONE_MS
      this.#sql.exec('UPDATE claim SET done = 1, until = ? WHERE key = ? AND token = ?', until, key, token)
    } else {
      this.#sql.exec('DELETE FROM claim WHERE key = ? AND token = ?', key, token)
    }
  }
}
