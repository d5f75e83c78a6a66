/** What an operator changes in shared state by hand, on either backend. Moments are milliseconds since the epoch. */
export interface Operations {
  /** Refuses a client (its exact client key) until `until`, and never for shorter than before; every isolate follows within 2 s. */
  block(client: string, until: number, reason?: string): Promise<void>
  /** Ends a block; false when there was none. */
  unblock(client: string): Promise<boolean>
  /**
   * Refuses every credential that can be revoked under a name (`issuer|subject` of a principal, and whatever else
   * `revocable` makes) until `until`; every isolate follows within 2 s. It adds to what is revoked under that name already, and
   * takes nothing of it back.
   */
  revoke(name: string, until: number, how?: RevokeOptions): Promise<void>
  /** Ends all revocations of a name; false when there was none. */
  restore(name: string): Promise<boolean>
  /** Lets a delivery that is done pass again (`key` as in its claim); false when it is not done. */
  forget(route: string, key: string): Promise<boolean>
  /** Lets every delivery of the route that was done since `since` pass again; how many. */
  forgetSince(route: string, since: number): Promise<number>
  /**
   * Stores an API key, in place of the one with that id; at most 100,000 are kept. False when its digest is stored under
   * another id: nothing has changed then. Of several that are stored under one id at once, one is left.
   * @throws {TypeError} for a record of another form; a `RangeError` when there are too many.
   */
  putApiKey(record: ApiKeyRecord): Promise<boolean>
  /** What is stored under an id, or of a digest: one API key or none; two only where storing one was cut short. */
  findApiKeys(by: ApiKeyName): Promise<readonly ApiKeyRecord[]>
  /**
   * A page of API keys, about a hundred, in no order; a key that changes meanwhile may come twice. Without a `cursor` in the
   * answer it was the last page.
   */
  listApiKeys(cursor?: string): Promise<ApiKeyPage>
  /** Removes an API key; false when there was none. Isolates may know it for as long as they remember keys. */
  removeApiKey(id: string): Promise<boolean>
}

export interface RevokeOptions {
  /** Refuses only what was issued before this moment, and what does not tell when it was. */
  issuedBefore?: number
  /** For people, at most 200 characters. */
  reason?: string
}

/** An API key as it is stored: never the key itself. */
export interface ApiKeyRecord {
  /** 1 to 64 letters, digits, `.`, `_` and `-`. */
  id: string
  /** Lower-case hex SHA-256 of the key. */
  digest: string
  /** The record as JSON text, at most 8 KiB. */
  text: string
}

export type ApiKeyName = { id: string } | { digest: string }

export interface ApiKeyPage {
  records: readonly ApiKeyRecord[]
  cursor?: string
}

export const MOST_API_KEYS = 100_000
/** API keys on a page, as near as a backend comes to it. */
export const API_KEYS_A_PAGE = 100
export const LONGEST_REASON = 200

const LONGEST_KEY = 1024
const LARGEST_RECORD_BYTES = 8192
const ID = /^[A-Za-z0-9._-]{1,64}$/
const DIGEST = /^[0-9a-f]{64}$/

/** Throws a `TypeError` for a name or a moment that cannot be one. */
export function checkRefusal(name: string, until: number, now: number, issuedBefore?: number): void {
  if (name === '' || name.length > LONGEST_KEY)
    throw new TypeError(`a client or a name has 1 to ${LONGEST_KEY} characters`)
  if (!Number.isSafeInteger(until) || until <= now)
    throw new TypeError('until must be a moment to come, in milliseconds since the epoch')
  if (issuedBefore !== undefined && (!Number.isSafeInteger(issuedBefore) || issuedBefore <= 0))
    throw new TypeError('issuedBefore must be a moment, in milliseconds since the epoch')
}

/** Throws a `TypeError` for what is no record of an API key. */
export function checkApiKey({ id, digest, text }: ApiKeyRecord): void {
  if (!isApiKeyId(id))
    throw new TypeError("the id of an API key has 1 to 64 letters, digits, '.', '_' and '-'")
  if (!DIGEST.test(digest)) throw new TypeError('the digest of an API key is a SHA-256 in lower-case hex')
  if (new TextEncoder().encode(text).length > LARGEST_RECORD_BYTES)
    throw new TypeError(`the record of an API key has at most ${LARGEST_RECORD_BYTES} bytes`)
}

export const isApiKeyId = (id: string): boolean => ID.test(id)
