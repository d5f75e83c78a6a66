import { allow, deny, type Identified, type Result } from '../../contract.ts'
import { decodeBase64url } from '../../lib/base64url.ts'
import { utf8 } from '../../lib/digest.ts'
import { parseJson } from '../../lib/json.ts'
import { type ProofKey, readProofKey } from './key.ts'
import type { ProofRules } from './options.ts'
import { isTarget } from './target.ts'

/** A proof of which everything is checked but what needs crypto. */
export interface Proof {
  readonly key: ProofKey
  /** What is signed: header and claims as they came. */
  readonly message: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
  /** SHA-256 of the access token, as the proof says. */
  readonly ath: Uint8Array<ArrayBuffer>
  readonly jti: string
  /** Undefined unless it is a text. */
  readonly nonce: string | undefined
  /** Under which rules and when it was inspected: the rest is checked under the same. */
  readonly rules: ProofRules
  readonly now: number
}

/** An RSA key and signature of 4096 bits leave half of it for the claims. */
const MAX_CHARS = 4096
/** `jwk.key_ops` is the deepest that a proof needs. */
const JSON_LIMITS = { maxDepth: 4, maxNodes: 64 }
const MAX_JTI_CHARS = 128
const DIGEST_BYTES = 32
/** Milliseconds that a client's clock may be ahead. */
export const AHEAD_MS = 5000
/** They would have the proof read in another way, or the key fetched from elsewhere. */
const FORBIDDEN = ['crit', 'b64', 'jku', 'x5u', 'x5c', 'zip', 'cty', 'enc']

type Members = Readonly<Record<string, unknown>>

const refused = (reason: string, more: Parameters<typeof deny>[2] = {}) =>
  deny('proof_refused', `DPoP: ${reason}`, { challenge: { scheme: 'DPoP' }, ...more })

/**
 * Refuses every proof that needs no key and no call to be refused: form, header and claims of RFC 9449 section 4.3 but for the
 * signature and what depends on the token. Cheapest first.
 */
export function inspectProof(facts: Identified, rules: ProofRules): Result<Proof> {
  const text = facts.headers.get('dpop')
  if (text === undefined) return refused('the header is missing')
  // Two header fields arrive as one, joined by a comma, which no proof holds.
  if (text.includes(',')) return refused('the header came more than once')
  if (text.length > MAX_CHARS) {
    const measure = { limit: MAX_CHARS, actual: text.length, unit: 'bytes' } as const
    return refused('the proof is too long', { measure })
  }
  const [first, second] = [text.indexOf('.'), text.lastIndexOf('.')]
  if (first === second || text.indexOf('.', first + 1) !== second)
    return refused('the proof has not three parts')
  const header = objectOf(text.slice(0, first))
  if (header === undefined) return refused('the header of the proof is not strict JSON in base64url')
  const key = keyOf(header, rules)
  if (!key.ok) return key
  const signature = decodeBase64url(text.slice(second + 1))
  if (signature?.length !== key.value.signatureBytes)
    return refused('the signature is not of the size of its algorithm')
  const claims = objectOf(text.slice(first + 1, second))
  if (claims === undefined) return refused('the claims of the proof are not strict JSON in base64url')
  const checked = checkClaims(claims, facts, rules)
  if (!checked.ok) return checked
  const { nonce } = claims
  return allow({
    key: key.value,
    message: utf8(text.slice(0, second)),
    signature,
    ...checked.value,
    nonce: typeof nonce === 'string' ? nonce : undefined,
    rules,
    now: facts.now,
  })
}

function keyOf(header: Members, { algorithms }: ProofRules): Result<ProofKey> {
  if (header.typ !== 'dpop+jwt') return refused('typ is not dpop+jwt')
  const { alg } = header
  if (typeof alg !== 'string' || !algorithms.includes(alg))
    return refused('the algorithm is none that the route takes')
  if (FORBIDDEN.some((name) => Object.hasOwn(header, name)))
    return refused('the header of the proof has a member that it must not have')
  const key = readProofKey(header.jwk, alg)
  return key ? allow(key) : refused('jwk is no public key for the algorithm')
}

function checkClaims(
  claims: Members,
  facts: Identified,
  { maxAgeMs }: ProofRules,
): Result<Pick<Proof, 'ath' | 'jti'>> {
  const { htm, htu, iat, jti, ath, exp, nbf } = claims
  if (htm !== facts.method) return refused('htm is not the method of the request')
  if (typeof htu !== 'string' || !isTarget(htu, facts)) return refused('htu is not the URL of the request')
  if (!isTime(iat)) return refused('iat is not a time in whole seconds')
  const ageMs = facts.now - iat * 1000
  if (ageMs > maxAgeMs) return refused('the proof is too old', { measure: secondsOf(maxAgeMs, ageMs) })
  if (ageMs < -AHEAD_MS) return refused('iat is in the future', { measure: secondsOf(AHEAD_MS, -ageMs) })
  // RFC 9449 does not ask for them, but what a JWT says of its own validity holds (RFC 7519 section 4.1).
  if (exp !== undefined && !(isTime(exp) && exp * 1000 > facts.now)) return refused('exp is over, or no time')
  if (nbf !== undefined && !(isTime(nbf) && nbf * 1000 <= facts.now + AHEAD_MS))
    return refused('nbf is not reached, or no time')
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_CHARS)
    return refused('jti is not a text of 1 to 128 characters')
  const digest = typeof ath === 'string' ? decodeBase64url(ath) : undefined
  if (digest?.length !== DIGEST_BYTES) return refused('ath is not a SHA-256 in base64url')
  return allow({ ath: digest, jti })
}

function objectOf(part: string): Members | undefined {
  const bytes = decodeBase64url(part)
  const parsed = bytes && parseJson(bytes, JSON_LIMITS, { exactNumbers: false })
  if (!parsed?.ok) return undefined
  const { value } = parsed
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const secondsOf = (limitMs: number, actualMs: number) =>
  ({ limit: limitMs / 1000, actual: Math.ceil(actualMs / 1000), unit: 'seconds' }) as const
