import { API_KEYS_A_PAGE, type ApiKeyName, type ApiKeyRecord, MOST_API_KEYS } from '../operations.ts'
import { API_KEY_SHARDS } from './names.ts'

/**
 * Which of the keys that were stored under one id is the newest: the one of the highest turn, and of those that took the same
 * turn, at the same time, the one of the highest digest.
 */
export interface Turn {
  turn: number
  digest: string
}

/** `taken`: the digest is stored under another id. */
export type Put = 'stored' | 'full' | 'taken'

/** The API keys of one shard in SQLite; they stay until they are removed. */
export class ApiKeys {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  create(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS api_keys (
      digest TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, turn INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`)
  }

  find(digest: string): string | undefined {
    const [row] = this.#sql.exec<{ text: string }>('SELECT text FROM api_keys WHERE digest = ?', digest)
    return row?.text
  }

  named(by: ApiKeyName): ApiKeyRecord[] {
    const [column, value] = 'id' in by ? ['id', by.id] : ['digest', by.digest]
    return this.#sql
      .exec<ApiKeyRecord & Record<string, string>>(
        `SELECT id, digest, text FROM api_keys WHERE ${column} = ?`,
        value,
      )
      .toArray()
  }

  /** The turn of the key that has the id here; 0 where none has. */
  turnOf(id: string): number {
    const [row] = this.#sql.exec<{ turn: number }>('SELECT turn FROM api_keys WHERE id = ?', id)
    return row?.turn ?? 0
  }

  /** What had that id here makes room, unless it is newer. */
  put({ id, digest, text }: ApiKeyRecord, turn: number): Put {
    if (this.named({ digest }).some((stored) => stored.id !== id)) return 'taken'
    if (this.#newer(id, { turn, digest })) return 'stored'
    const { others } = this.#sql
      .exec<{ others: number }>(
        'SELECT COUNT(*) AS others FROM api_keys WHERE id <> ? AND digest <> ?',
        id,
        digest,
      )
      .one()
    if (others >= MOST_API_KEYS / API_KEY_SHARDS) return 'full'
    this.#sql.exec(
      'INSERT OR REPLACE INTO api_keys (digest, id, turn, text) VALUES (?, ?, ?, ?)',
      digest,
      id,
      turn,
      text,
    )
    return 'stored'
  }

  /** Deletes what has the id and is older; what has it and is newer, if there is such a key here. */
  yieldTo(id: string, { turn, digest }: Turn): Turn | undefined {
    this.#sql.exec('DELETE FROM api_keys WHERE id = ? AND (turn, digest) < (?, ?)', id, turn, digest)
    return this.#newer(id, { turn, digest })
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

  /** False when there was none. */
  remove(id: string): boolean {
    return this.#sql.exec('DELETE FROM api_keys WHERE id = ? RETURNING 1', id).toArray().length > 0
  }

  isEmpty(): boolean {
    return this.#sql.exec('SELECT 1 FROM api_keys LIMIT 1').toArray().length === 0
  }

  #newer(id: string, { turn, digest }: Turn): Turn | undefined {
    const [row] = this.#sql.exec<{ turn: number; digest: string }>(
      'SELECT turn, digest FROM api_keys WHERE id = ? AND (turn, digest) > (?, ?)',
      id,
      turn,
      digest,
    )
    return row
  }
}
