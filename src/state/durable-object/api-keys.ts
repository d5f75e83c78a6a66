import { API_KEYS_A_PAGE, type ApiKeyRecord, MOST_API_KEYS } from '../operations.ts'
import { API_KEY_SHARDS } from './names.ts'

/** The API keys of one shard in SQLite; they stay until they are removed. */
export class ApiKeys {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS api_keys (
      digest TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`)
  }

  find(digest: string): string | undefined {
    const [row] = this.#sql.exec<{ text: string }>('SELECT text FROM api_keys WHERE digest = ?', digest)
    return row?.text
  }

  /** False when the shard is full; what had that id or that digest here makes room. */
  put({ id, digest, text }: ApiKeyRecord): boolean {
    const { others } = this.#sql
      .exec<{ others: number }>(
        'SELECT COUNT(*) AS others FROM api_keys WHERE id <> ? AND digest <> ?',
        id,
        digest,
      )
      .one()
    if (others >= MOST_API_KEYS / API_KEY_SHARDS) return false
    this.#sql.exec('INSERT OR REPLACE INTO api_keys (digest, id, text) VALUES (?, ?, ?)', digest, id, text)
    return true
  }

  /** A page in the order of digests, after one of them. */
  page(after: string): ApiKeyRecord[] {
    return this.#sql
      .exec<{ id: string; digest: string; text: string }>(
        'SELECT id, digest, text FROM api_keys WHERE digest > ? ORDER BY digest LIMIT ?',
        after,
        API_KEYS_A_PAGE,
      )
      .toArray()
  }

  /** False when there was none, or only the one of `except`. */
  remove(id: string, except = ''): boolean {
    const removed = this.#sql.exec(
      'DELETE FROM api_keys WHERE id = ? AND digest <> ? RETURNING 1',
      id,
      except,
    )
    return removed.toArray().length > 0
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM api_keys LIMIT 1').toArray().length === 0
  }
}
