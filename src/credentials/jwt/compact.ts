import type { Denial } from '../../contract.ts'
import { bytesOf, decodeBase64url, decodeBinary } from '../../lib/base64url.ts'
import { findExcess, type JsonLimits, parseJson } from '../../lib/json.ts'

/** A JSON object as it was read, nothing of it verified. */
export type Members = Readonly<Record<string, unknown>>

/** A JWS in compact form (RFC 7515 section 7.1), read and not verified. */
export interface Compact {
  header: Members
  claims: Members
  /** Header and payload as they are signed. Two signatures of one text may both be good: this names the token, they do not. */
  signed: string
  signatureBytes: number
}

/** What was read, or why it cannot be, in words without any of it. */
export type CompactOutcome =
  | { ok: true; compact: Compact }
  | { ok: false; reason: string; measure?: NonNullable<Denial['measure']> }

const HEADER_CHARS = 2048
/** What is too deep shows early as a rule; whole groups of four, so that they decode by themselves. */
const BEGINNING_CHARS = 512
/** An escape costs as much as dozens of plain characters; issuers write some, in names and addresses. */
const MAX_ESCAPES = 500
const HEADER_LIMITS: JsonLimits = { maxDepth: 8, maxNodes: 100 }
const CLAIMS_LIMITS: JsonLimits = { maxDepth: 8, maxNodes: 500 }

/**
 * Reads a compact JWS strictly: a text that is not the only one for its bytes is refused, and so is JSON that two parsers may
 * read differently. Costs no key and no call; the text is never split as a whole.
 */
export function readCompact(text: string, maxChars: number): CompactOutcome {
  if (text.length > maxChars) return tooLong('the token is too long', maxChars, text.length)
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 1 || second < first + 2 || second === text.length - 1 || text.indexOf('.', second + 1) !== -1) {
    return { ok: false, reason: 'the token has not three parts' }
  }
  if (first > HEADER_CHARS) return tooLong("the token's header is too long", HEADER_CHARS, first)
  // The longest part first: it is where a stranger can put most work.
  const claims = readPart(text.slice(first + 1, second), 'claims', CLAIMS_LIMITS)
  if (!claims.ok) return claims
  const header = readPart(text.slice(0, first), 'header', HEADER_LIMITS)
  if (!header.ok) return header
  const signature = decodeBase64url(text.slice(second + 1))
  if (signature === undefined) return { ok: false, reason: "no canonical base64url in the token's signature" }
  return {
    ok: true,
    compact: {
      header: header.members,
      claims: claims.members,
      signed: text.slice(0, second),
      signatureBytes: signature.length,
    },
  }
}

type Part = { ok: true; members: Members } | Extract<CompactOutcome, { ok: false }>

function readPart(text: string, part: 'header' | 'claims', limits: JsonLimits): Part {
  const beginning = decodeBinary(text.slice(0, BEGINNING_CHARS))
  const early = beginning === undefined ? undefined : findExcess(beginning, limits)
  const binary = early ? beginning : decodeBinary(text)
  if (binary === undefined) return { ok: false, reason: `no canonical base64url in the token's ${part}` }
  if (hasMore(binary, '\\', MAX_ESCAPES))
    return { ok: false, reason: `too many escapes in the token's ${part}` }
  const json =
    early ?? findExcess(binary, limits) ?? parseJson(bytesOf(binary), limits, { exactNumbers: true })
  if (!json.ok) {
    const reason = `no strict JSON in the token's ${part}: ${json.fault}`
    const unit = json.fault === 'depth' ? 'levels' : 'count'
    return json.measure ? { ok: false, reason, measure: { ...json.measure, unit } } : { ok: false, reason }
  }
  const { value } = json
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, reason: `no object in the token's ${part}` }
  }
  return { ok: true, members: value as Members }
}

/** Whether a character stands in a text more often than `max`, without looking any further. */
function hasMore(text: string, character: string, max: number): boolean {
  let at = -1
  for (let found = 0; found <= max; found++) {
    at = text.indexOf(character, at + 1)
    if (at < 0) return false
  }
  return true
}

const tooLong = (reason: string, limit: number, actual: number): CompactOutcome => ({
  ok: false,
  reason,
  measure: { limit, actual, unit: 'bytes' },
})
