import { allow, type Denial, deny, type Env, type Result, secretOf } from '../../contract.ts'
import { utf8 } from '../../lib/digest.ts'
import { parseJson } from '../../lib/json.ts'
import { type KeyRecord, parseKeyRecord, type ReadRecord, readKeyRecord } from './record.ts'

/** The records of a Worker secret; what is broken in it is no record, and a warning. */
export interface KeyList {
  records: ReadonlyMap<string, KeyRecord>
  warnings: readonly Denial[]
}

/** Far more than Cloudflare takes for a secret. */
const MAX_CHARS = 262_144
const JSON_LIMITS = { maxDepth: 9, maxNodes: 100_000 }

/** Reads the list once per isolate, and again only when its text changes. */
export function keyList(name: string): (env: Env) => Result<KeyList> {
  let last: { text: string; list: Result<KeyList> } | undefined
  return function listFrom(env) {
    const text = secretOf(env, name)
    if (text === undefined)
      return deny('not_configured', `secret ${name} is not set; set it with wrangler secret put ${name}`)
    if (last?.text !== text) last = { text, list: readList(text, name) }
    return last.list
  }
}

function readList(text: string, name: string): Result<KeyList> {
  const read = text.length > MAX_CHARS ? undefined : recordsIn(text.trim())
  if (read === undefined)
    return deny('not_configured', `secret ${name} is no JSON array of records and has no record a line`)
  const whole = read.flatMap((each) => (each.ok ? [each.record] : []))
  const repeatedDigests = repeated(whole.map(({ digest }) => digest))
  const repeatedIds = repeated(whole.map(({ id }) => id))
  // Of two records of one key, or with one id, nobody can say which was meant: the first may be the wider one.
  const clear = whole.filter(({ digest, id }) => !repeatedDigests.has(digest) && !repeatedIds.has(id))
  const records = new Map(clear.map((record) => [record.digest, record]))
  const broken = read.length - records.size
  const measure = { limit: 0, actual: broken, unit: 'count' } as const
  const warning = deny('not_configured', `secret ${name} has records that are broken or repeated`, {
    measure,
  })
  if (broken > 0 && records.size === 0) return warning
  return allow({ records, warnings: broken > 0 ? [warning.denial] : [] })
}

function repeated(texts: readonly string[]): Set<string> {
  const once = new Set<string>()
  const again = new Set<string>()
  for (const text of texts) (once.has(text) ? again : once).add(text)
  return again
}

function recordsIn(text: string): ReadRecord[] | undefined {
  if (!text.startsWith('['))
    return text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map(parseKeyRecord)
  const json = parseJson(utf8(text), JSON_LIMITS, { exactNumbers: false })
  return json.ok && Array.isArray(json.value) ? json.value.map(readKeyRecord) : undefined
}
