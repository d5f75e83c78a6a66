import { importedRecord, type KeyGrants } from '../credentials/api-key/mint.ts'
import type { KeyRecord } from '../credentials/api-key/record.ts'
import { type Arguments, lengthOf, momentOf, optionOf, UsageError } from './arguments.ts'

/** What a new key may do, as a command line says it; `now` in milliseconds since the epoch. */
export function readGrants(args: Arguments, now: number): KeyGrants {
  const expires = optionOf(args, 'expires')
  const claims = (args.options.get('claim') ?? []).map((text): [string, string] => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`--claim: '${text}' is none; write tenant=acme`)
    return [text.slice(0, at), text.slice(at + 1)]
  })
  const names = claims.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new UsageError(`--claim: '${twice}' is given twice`)
  const [name, owner, roles] = ['name', 'owner', 'roles'].map((option) => optionOf(args, option))
  return {
    now,
    scopes: listOf(optionOf(args, 'scopes') ?? ''),
    ...(roles !== undefined && { roles: listOf(roles) }),
    ...(claims.length > 0 && { claims: Object.fromEntries(claims) }),
    ...(expires !== undefined && { expiresAt: new Date(endOf(expires, now)).toISOString() }),
    ...(name !== undefined && { name }),
    ...(owner !== undefined && { owner }),
  }
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

function endOf(text: string, now: number): number {
  const at = /^\d+ ?[a-z]+$/.test(text) ? now + lengthOf(text, '--expires') : momentOf(text, '--expires', now)
  if (at <= now) throw new UsageError(`--expires: '${text}' is over`)
  return at
}

/** The records of a file; whatever is wrong with one stops all, before any is sent. */
export function readImport(text: string, now: number): KeyRecord[] {
  const isArray = text.trimStart().startsWith('[')
  const seen = new Map<string, string>()
  const items = isArray ? (jsonOf(text, 'the file') as unknown[]) : text.split(/\r?\n/)
  return items.flatMap((item, i) => {
    const at = isArray ? `record ${i + 1}` : `line ${i + 1}`
    if (!isArray && String(item).trim() === '') return []
    const value = isArray ? item : jsonOf(String(item), at)
    const { digest, createdAt, ...grants } = (value ?? {}) as Partial<KeyRecord>
    if (typeof digest !== 'string')
      throw new UsageError(`${at}: digest is missing; give the hex SHA-256 or HMAC-SHA-256 of the key`)
    let record: KeyRecord
    try {
      const made = createdAt === undefined ? now : momentOf(createdAt, 'createdAt', now)
      record = importedRecord({ scopes: [], ...grants, digest, now: made })
    } catch (error) {
      throw new UsageError(`${at}: ${error instanceof Error ? error.message : 'is no record'}`)
    }
    // Of two records of one key, or with one id, nobody can say which was meant.
    for (const member of ['digest', 'id'] as const) {
      const before = seen.get(`${member} ${record[member]}`)
      if (before !== undefined) throw new UsageError(`${at}: ${member} is that of ${before}; leave one out`)
      seen.set(`${member} ${record[member]}`, at)
    }
    return [record]
  })
}

function jsonOf(text: string, at: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${at}: is no JSON`)
  }
}
