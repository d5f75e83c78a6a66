import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import {
  checksumKey,
  isPrefix,
  MIN_CHECKSUM_SECRET_CHARS,
  PREFIX_FORM,
  randomKey,
  randomText,
} from './form.ts'
import { type KeyRecord, MAX_RECORD_BYTES, parseKeyRecord } from './record.ts'

/** What a record says beside who the key is. */
export type KeyGrants = Pick<KeyRecord, 'scopes' | 'roles' | 'claims' | 'expiresAt' | 'name' | 'owner'> & {
  /** @default a random one, `key_…`; of an imported key one that its digest is made into, the same each time */
  id?: string
  /** Milliseconds since the epoch. */
  now: number
}

export interface KeyOrder extends KeyGrants {
  /** The `prefix` of the route's `apiKey`. */
  prefix: string
  /** The value of the route's `checksum` secret, at least 32 characters. */
  checksumSecret: string
}

/** A key, to be shown to its owner once, and the record, which is what is kept. */
export interface MintedKey {
  key: string
  record: KeyRecord
}

/** Hex digits of the digest in the id of an imported key that has none: no two of 100,000 keys have the same. */
const IMPORTED_ID_CHARS = 20

/**
 * Makes an API key. The key itself is in the answer only: what is stored is its SHA-256.
 * @throws {TypeError} for a prefix, a secret or a member of the record that is not as it has to be, naming it.
 */
export async function mintKey({ prefix, checksumSecret, ...grants }: KeyOrder): Promise<MintedKey> {
  if (!isPrefix(prefix)) throw new TypeError(`prefix: '${prefix}' is not one; use ${PREFIX_FORM}`)
  if (checksumSecret.length < MIN_CHECKSUM_SECRET_CHARS) {
    throw new TypeError(
      `checksumSecret: has fewer than ${MIN_CHECKSUM_SECRET_CHARS} characters; make one with openssl rand -base64 32`,
    )
  }
  const key = await randomKey(prefix, await checksumKey(checksumSecret))
  return { key, record: recordOf(encodeHex(await sha256(utf8(key))), grants) }
}

/**
 * The record of a key that was made elsewhere, from its SHA-256 or HMAC-SHA-256 in hex: the route takes it where its
 * `imported` pattern fits.
 * @throws {TypeError} for a digest or a member of the record that is not as it has to be, naming it.
 */
export function importedRecord({ digest, ...grants }: KeyGrants & { digest: string }): KeyRecord {
  const known = digest.toLowerCase()
  // Another id each time would be another key each time that one file is imported.
  const named = known.replaceAll(/[^0-9a-f]/g, '').slice(0, IMPORTED_ID_CHARS)
  return recordOf(known, { id: `key_${named}`, ...grants })
}

/** What is stored is read again as the gateway will read it, its size included; members that are undefined are not in JSON. */
function recordOf(digest: string, { now, id, ...grants }: KeyGrants): KeyRecord {
  const createdAt = new Date(now).toISOString()
  const read = parseKeyRecord(
    JSON.stringify({ id: id ?? `key_${randomText(16)}`, digest, createdAt, ...grants }),
  )
  if (read.ok) return read.record
  throw new TypeError(
    read.at === ''
      ? `record: has more than ${MAX_RECORD_BYTES} bytes as JSON, or is too deep`
      : `${read.at}: is not what the record of a key may hold there`,
  )
}
