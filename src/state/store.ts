/**
 * What shared state keeps for credentials: small texts under names, and API keys by their digest. Each call is one round
 * trip; it rejects with a `StateError` when the backend cannot answer. Nobody who can write here is trusted with more than
 * API keys: what else is kept is sealed by its owner.
 */
export interface Store {
  /** The text that is kept under a name, or undefined. */
  recall(name: string, signal?: AbortSignal): Promise<string | undefined>
  /** Keeps a text of at most 128 KiB under a name for `ttlMs`, in place of what was there. */
  keep(name: string, text: string, ttlMs: number, signal?: AbortSignal): Promise<void>
  /** The record of an API key, as JSON text, by the lower-case hex SHA-256 of the key; undefined for no such key. */
  findApiKey(digest: string, signal?: AbortSignal): Promise<string | undefined>
}

/** Characters of a name under which a text is kept. */
export const LONGEST_NAME = 200
/** Bytes of a text in UTF-8. */
export const LARGEST_TEXT_BYTES = 131_072
const LONGEST_TTL_MS = 400 * 86_400_000

/** Throws a `TypeError` for a name under which nothing can be kept. */
export function checkName(name: string): void {
  if (name === '' || name.length > LONGEST_NAME)
    throw new TypeError(`a name has 1 to ${LONGEST_NAME} characters`)
}

/** Throws a `TypeError` for what cannot be kept. */
export function checkKept(name: string, text: string, ttlMs: number): void {
  checkName(name)
  if (!fits(text, LARGEST_TEXT_BYTES)) throw new TypeError(`a text has at most ${LARGEST_TEXT_BYTES} bytes`)
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1 || ttlMs > LONGEST_TTL_MS)
    throw new TypeError('the TTL of a text is a whole number of milliseconds from 1 to 400 days')
}

/** Whether a text has at most so many bytes in UTF-8. */
export const fits = (text: string, bytes: number): boolean =>
  // Three bytes at most for each UTF-16 unit: most texts need no second look.
  text.length * 3 <= bytes || (text.length <= bytes && new TextEncoder().encode(text).length <= bytes)
