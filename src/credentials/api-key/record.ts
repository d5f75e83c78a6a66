import * as v from 'valibot'
import { utf8 } from '../../lib/digest.ts'
import { parseJson } from '../../lib/json.ts'

/** What is kept of an API key: enough to know it again and to say what it may do, and never the key. */
export interface KeyRecord {
  /** Names the key to people, in the record and in revocations; no secret. */
  id: string
  /** Lower-case hex SHA-256 of the whole key; of an imported key its HMAC-SHA-256 where it was hashed so. */
  digest: string
  scopes: string[]
  roles?: string[]
  /** What the key says of its owner, such as `{ tenant: 'acme' }`: at most 64 members. */
  claims?: Record<string, unknown>
  /** ISO 8601 in UTC: `2026-11-22T09:00:00Z`. */
  createdAt: string
  /** ISO 8601 in UTC; the key is refused from that moment on. */
  expiresAt?: string
  /** For people. */
  name?: string
  owner?: string
}

/** Bytes of a record as JSON text. */
export const MAX_RECORD_BYTES = 8192

/** Milliseconds for which an isolate may go on with a key that was removed: a revocation has to last longer. */
export const MAX_KEY_CACHE_MS = 3_600_000

const MAX_ITEMS = 64
const JSON_LIMITS = { maxDepth: 8, maxNodes: 500 }

/** A text of a form. */
export const ofForm = (form: RegExp) =>
  v.pipe(
    v.string(),
    v.check((text) => form.test(text)),
  )

/** RFC 6749 section 3.3: what a scope is made of; roles are held to the same. */
const grant = ofForm(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/)
const grants = v.pipe(v.array(grant), v.maxLength(MAX_ITEMS))
const label = ofForm(/^[^\p{Cc}\p{Cs}]{1,128}$/u)
const instant = v.pipe(v.string(), v.check(isInstant))
/** A list would pass for a record of valibot. */
const claims = v.custom<Record<string, unknown>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length <= MAX_ITEMS,
)

/** The strict form of a record: an unknown member is a slip, and might have been meant to tighten something. */
export const keyRecordSchema: v.GenericSchema<unknown, KeyRecord> = v.strictObject({
  id: ofForm(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  digest: ofForm(/^[0-9a-f]{64}$/),
  scopes: grants,
  roles: v.exactOptional(grants),
  claims: v.exactOptional(claims),
  createdAt: instant,
  expiresAt: v.exactOptional(instant),
  name: v.exactOptional(label),
  owner: v.exactOptional(label),
})

/** A record, or the path of the member that is not as it has to be: empty where the text is no JSON object. */
export type ReadRecord = { ok: true; record: KeyRecord } | { ok: false; at: string }

/** Reads a record as it was stored; whatever is not exactly one is not trusted. */
export function parseKeyRecord(text: string): ReadRecord {
  // A text has at least as many bytes as characters.
  if (text.length > MAX_RECORD_BYTES) return { ok: false, at: '' }
  const bytes = utf8(text)
  if (bytes.length > MAX_RECORD_BYTES) return { ok: false, at: '' }
  const json = parseJson(bytes, JSON_LIMITS, { exactNumbers: false })
  return json.ok ? readKeyRecord(json.value) : { ok: false, at: '' }
}

/** Checks what was parsed already. */
export function readKeyRecord(value: unknown): ReadRecord {
  const read = v.safeParse(keyRecordSchema, value, { abortEarly: true })
  if (read.success) return { ok: true, record: read.output }
  return { ok: false, at: v.getDotPath(read.issues[0]) ?? '' }
}

/** One text for one moment: Date.parse takes a 30th of February for the 2nd of March. */
function isInstant(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text)) return false
  const ms = Date.parse(text)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text.replace(/(:\d\d)Z$/, '$1.000Z')
}
