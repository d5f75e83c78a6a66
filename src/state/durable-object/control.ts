import { checkRefusal, LONGEST_REASON } from '../operations.ts'

/** How many blocks and revocations are kept together: the whole list is copied into every isolate. */
export const CONTROL_ENTRIES = 10_000

export type ControlKind = 'client' | 'principal'

/** A block of a client, or a revocation of all that has a name, until a moment in milliseconds since the epoch. */
export interface ControlEntry {
  kind: ControlKind
  key: string
  until: number
}

/** A revocation of what has a name and was issued before a moment; both moments in milliseconds since the epoch. */
export interface Cutoff {
  key: string
  until: number
  issuedBefore: number
}

export interface Snapshot {
  version: string
  /** Absent when the caller's copy has this version already. */
  entries?: ControlEntry[]
  /** Comes with `entries`. */
  cutoffs?: Cutoff[]
}

/** Blocks and revocations in SQLite; a row past `expires_at` is absent. */
export class Control {
  readonly #sql: SqlStorage
  // In memory: an object that restarts answers with the whole list once more.
  #version = crypto.randomUUID()
  #hasCutoffs = false

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS control (
      kind TEXT NOT NULL, key TEXT NOT NULL, expires_at INTEGER NOT NULL, reason TEXT NOT NULL,
      PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID`)
  }

  /**
   * Refuses at least until then: what is refused for longer stays so.
   * Throws a `RangeError` when the list is full, a `TypeError` for a key or a moment that cannot be one.
   */
  put(kind: ControlKind, key: string, until: number, reason: string, now: number): void {
    checkRefusal(key, until, now)
    this.#makeRoom(kind, key, now)
    this.#sql.exec(
      `INSERT INTO control (kind, key, expires_at, reason) VALUES (?, ?, ?, ?)
       ON CONFLICT (kind, key) DO UPDATE SET expires_at = MAX(expires_at, excluded.expires_at), reason = excluded.reason`,
      kind,
      key,
      until,
      reason.slice(0, LONGEST_REASON),
    )
  }

  /** Refuses what was issued before a moment, beside what is refused already; throws as `put` does. */
  cut(key: string, until: number, issuedBefore: number, reason: string, now: number): void {
    checkRefusal(key, until, now, issuedBefore)
    this.#makeRoom('cutoff', key, now)
    this.#sql.exec(
      `INSERT INTO cutoffs (key, expires_at, issued_before, reason) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET expires_at = MAX(expires_at, excluded.expires_at),
         issued_before = MAX(issued_before, excluded.issued_before), reason = excluded.reason`,
      key,
      until,
      issuedBefore,
      reason.slice(0, LONGEST_REASON),
    )
  }

  /** False when there was nothing to end. */
  end(kind: ControlKind, key: string): boolean {
    this.#createCutoffs()
    const ended = this.#sql
      .exec('DELETE FROM control WHERE kind = ? AND key = ? RETURNING 1', kind, key)
      .toArray()
    const cut =
      kind === 'principal'
        ? this.#sql.exec('DELETE FROM cutoffs WHERE key = ? RETURNING 1', key).toArray()
        : []
    this.#version = crypto.randomUUID()
    return ended.length + cut.length > 0
  }

  /** The live list; `now` is undefined before the table exists. */
  snapshot(known: string | undefined, now: number | undefined): Snapshot {
    const version = this.#version
    if (known === version) return { version }
    if (now === undefined) return { version, entries: [], cutoffs: [] }
    this.#createCutoffs()
    const entries = this.#sql.exec<{ kind: ControlKind; key: string; until: number }>(
      'SELECT kind, key, expires_at AS until FROM control WHERE expires_at > ?',
      now,
    )
    const cutoffs = this.#sql.exec<{ key: string; until: number; issuedBefore: number }>(
      'SELECT key, expires_at AS until, issued_before AS issuedBefore FROM cutoffs WHERE expires_at > ?',
      now,
    )
    return { version, entries: entries.toArray(), cutoffs: cutoffs.toArray() }
  }

  /** Deletes what has run out; when the next entry does, or undefined when none is left. */
  sweep(now: number): number | undefined {
    const tables = this.#findCutoffs() ? ['control', 'cutoffs'] : ['control']
    const ends = tables.map((table) => {
      this.#sql.exec(`DELETE FROM ${table} WHERE expires_at <= ?`, now)
      return this.#sql.exec<{ next: number | null }>(`SELECT MIN(expires_at) AS next FROM ${table}`).one()
        .next
    })
    const next = Math.min(...ends.map((end) => end ?? Number.POSITIVE_INFINITY))
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  /** The tables are gone with the object's storage. */
  forget(): void {
    this.#hasCutoffs = false
  }

  #makeRoom(kind: ControlKind | 'cutoff', key: string, now: number): void {
    this.#createCutoffs()
    this.sweep(now)
    const { others } = this.#sql
      .exec<{ others: number }>(
        `SELECT (SELECT COUNT(*) FROM control WHERE NOT (kind = ?1 AND key = ?2)) +
           (SELECT COUNT(*) FROM cutoffs WHERE NOT (?1 = 'cutoff' AND key = ?2)) AS others`,
        kind,
        key,
      )
      .one()
    if (others >= CONTROL_ENTRIES) {
      throw new RangeError(`${CONTROL_ENTRIES} blocks and revocations are kept: end some before adding more`)
    }
    this.#version = crypto.randomUUID()
  }

  /** Only the control object has this table, also one that is older than the table. */
  #createCutoffs(): void {
    if (this.#hasCutoffs) return
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS cutoffs (
      key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, issued_before INTEGER NOT NULL, reason TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`)
    this.#hasCutoffs = true
  }

  #findCutoffs(): boolean {
    this.#hasCutoffs ||=
      this.#sql.exec("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'cutoffs'").toArray()
        .length > 0
    return this.#hasCutoffs
  }
}
