import { decodeBase64url } from '../lib/base64url.ts'
import { utf8 } from '../lib/digest.ts'
import { type JsonLimits, parseJson } from '../lib/json.ts'

/** A JWS in compact form (RFC 7515 section 7.1), read and not verified. */
export interface Compact {
  header: Readonly<Record<string, unknown>>
  claims: Readonly<Record<string, unknown>>
  /** Header and payload as they are signed. */
  message: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
}

/** Providers send a few hundred characters; monday has a token inside of its token. */
const MAX_CHARS = 4096
const LIMITS: JsonLimits = { maxDepth: 8, maxNodes: 200 }

/** Reads a compact JWS; undefined where the text is not the only one for its bytes, or two parsers may read it differently. */
export function readCompact(text: string): Compact | undefined {
  const parts = text.length > MAX_CHARS ? [] : text.split('.', 4)
  const [first = '', second = '', third = ''] = parts
  const signature = decodeBase64url(third)
  if (parts.length !== 3 || !signature || signature.length === 0) return undefined
  const header = objectIn(first)
  const claims = header && objectIn(second)
  return claims && { header, claims, message: utf8(`${first}.${second}`), signature }
}

function objectIn(part: string): Compact['claims'] | undefined {
  const bytes = decodeBase64url(part)
  const json = bytes && parseJson(bytes, LIMITS, { exactNumbers: true })
  const value = json?.ok ? json.value : undefined
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Compact['claims'])
    : undefined
}
