/** How many texts one object keeps. Their names come from configuration: more are somebody's mistake. */
export const TEXTS = 1000

/** Small texts in SQLite, each until its time is over; a row past `expires_at` is absent. */
export class Texts {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS texts (
      name TEXT PRIMARY KEY, text TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`)
  }

  find(name: string, now: number): string | undefined {
    const [row] = this.#sql.exec<{ text: string }>(
      'SELECT text FROM texts WHERE name = ? AND expires_at > ?',
      name,
      now,
    )
    return row?.text
  }

  /** Where there are too many, the one that ends first makes room. */
  put(name: string, text: string, expiresAt: number): void {
    const { others } = this.#sql
      .exec<{ others: number }>('SELECT COUNT(*) AS others FROM texts WHERE name <> ?', name)
      .one()
    if (others >= TEXTS) {
      this.#sql.exec(
        'DELETE FROM texts WHERE name IN (SELECT name FROM texts WHERE name <> ? ORDER BY expires_at LIMIT 1)',
        name,
      )
    }
    this.#sql.exec(
      'INSERT OR REPLACE INTO texts (name, text, expires_at) VALUES (?, ?, ?)',
      name,
      text,
      expiresAt,
    )
  }

  /** Deletes what has run out; when the next row does, or undefined when none is left. */
  sweep(now: number): number | undefined {
    this.#sql.exec('DELETE FROM texts WHERE expires_at <= ?', now)
    const { next } = this.#sql
      .exec<{ next: number | null }>('SELECT MIN(expires_at) AS next FROM texts')
      .one()
    return next ?? undefined
  }
}
