/** How many blocks and revocations are kept together: the whole list is copied into every isolate. */
export const CONTROL_ENTRIES = 10_000

export type ControlKind = 'client' | 'principal'

/** A block of a client or a revocation of a principal, until a moment in milliseconds since the epoch. */
export interface ControlEntry {
  kind: ControlKind
  key: string
  until: number
}

export interface Snapshot {
  version: string
  /** Absent when the caller's copy has this version already. */
  entries?: ControlEntry[]
}

const longestKey = 1024
const longestReason = 200

/** Blocks and revocations in SQLite; a row past `expires_at` is absent. */
export class Control {
  readonly #sql: SqlStorage
  // In memory: an object that restarts answers with the whole list once more.
  #version = crypto.randomUUID()

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS control (
      kind TEXT NOT NULL, key TEXT NOT NULL, expires_at INTEGER NOT NULL, reason TEXT NOT NULL,
      PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID`)
  }

  /** Throws a `RangeError` when the list is full, a `TypeError` for a key or a moment that cannot be one. */
  put(kind: ControlKind, key: string, until: number, reason: string, now: number): void {
    if (key === '' || key.length > longestKey)
      throw new TypeError(`a ${kind} key has 1 to ${longestKey} characters`)
    if (!Number.isSafeInteger(until) || until <= now) {
      throw new TypeError('until must be a moment to come, in milliseconds since the epoch')
    }
    this.sweep(now)
    const { others } = this.#sql
      .exec<{ others: number }>(
        'SELECT COUNT(*) AS others FROM control WHERE NOT (kind = ? AND key = ?)',
        kind,
        key,
      )
      .one()
    if (others >= CONTROL_ENTRIES) {
      throw new RangeError(`${CONTROL_ENTRIES} blocks and revocations are kept: end some before adding more`)
    }
    this.#sql.exec(
      'INSERT OR REPLACE INTO control (kind, key, expires_at, reason) VALUES (?, ?, ?, ?)',
      kind,
      key,
      until,
      reason.slice(0, longestReason),
    )
    this.#version = crypto.randomUUID()
  }

  /** False when there was nothing to end. */
  end(kind: ControlKind, key: string): boolean {
    const ended = this.#sql
      .exec('DELETE FROM control WHERE kind = ? AND key = ? RETURNING 1', kind, key)
      .toArray()
    this.#version = crypto.randomUUID()
    return ended.length > 0
  }

  /** The live list; `now` is undefined before the table exists. */
  snapshot(known: string | undefined, now: number | undefined): Snapshot {
    const version = this.#version
    if (known === version) return { version }
    if (now === undefined) return { version, entries: [] }
    const entries = this.#sql.exec<{ kind: ControlKind; key: string; until: number }>(
      'SELECT kind, key, expires_at AS until FROM control WHERE expires_at > ?',
      now,
    )
    return { version, entries: entries.toArray() }
  }

  /** Deletes what has run out; when the next entry does, or undefined when none is left. */
  sweep(now: number): number | undefined {
    this.#sql.exec('DELETE FROM control WHERE expires_at <= ?', now)
    const { next } = this.#sql
      .exec<{ next: number | null }>('SELECT MIN(expires_at) AS next FROM control')
      .one()
    return next ?? undefined
  }
}
