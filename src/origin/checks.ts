import { BODY_HEADER, contentDigest, DERIVED, MAX_LIFETIME_SECONDS, STREAMED, signatureBase } from './base.ts'
import { coveredValue, type Fields } from './fields.ts'
import type { Proof } from './proof.ts'
import { type Refusal, refuse, type Step } from './refusal.ts'

/** Values of the covered headers under their names. */
export type Covered = ReadonlyMap<string, string>

/** The components that come from the request line. */
export interface RequestLine {
  method: string
  path: string
  query: string
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/
// Origin form (RFC 9112 section 3.2.1) in visible ASCII: the gateway sends no fragment and no absolute URL.
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/

/** Holds the times of a proof against the origin's clock; all in Unix seconds. */
export function checkTimes({ created, expires }: Proof, now: number, skew: number): Refusal | undefined {
  if (expires <= created || expires > created + MAX_LIFETIME_SECONDS) return 'lifetime-invalid'
  if (created > now + skew) return 'created-in-future'
  if (expires < now) return 'expired'
  // This way round a clock that is not a number refuses.
  return created >= now - skew ? undefined : 'created-too-old'
}

/** Looks up every covered header, and that `sallyport-body` agrees with how the body is bound. */
export function readCovered(fields: Fields, { names }: Proof): Step<Covered> {
  const covered = new Map<string, string>()
  for (const name of names.slice(DERIVED.length)) {
    const value = coveredValue(fields, name)
    if (!value.ok) return value
    covered.set(name, value.value)
  }
  const streamed = covered.get(BODY_HEADER) === STREAMED
  return streamed === covered.has('content-length') ? { ok: true, value: covered } : refuse('proof-malformed')
}

/** Splits the target at its first `?`, nothing decoded; an absent query and an empty one are both `?` (RFC 9421 section 2.2.7). */
export function readRequestLine({ method, target }: { method: string; target: string }): Step<RequestLine> {
  if (!TARGET.test(target) || !METHOD.test(method)) return refuse('target-malformed')
  const cut = target.indexOf('?')
  const [path, query] = cut < 0 ? [target, '?'] : [target.slice(0, cut), target.slice(cut)]
  return { ok: true, value: { method, path, query } }
}

/** Whether the signature is that of this request under one of the origin's own names. */
export async function signatureHolds(
  key: CryptoKey,
  proof: Proof,
  authorities: readonly string[],
  { method, path, query }: RequestLine,
  covered: Covered,
): Promise<boolean> {
  const name = proof.alg === 'ed25519' ? 'Ed25519' : 'HMAC'
  for (const authority of authorities) {
    const base = signatureBase(proof.names, [method, authority, path, query, ...covered.values()], proof.text)
    if (await crypto.subtle.verify(name, key, proof.signature, base)) return true
  }
  return false
}

/** Whether the raw body is the signed one; of a streamed body only the length is signed. */
export async function bodyHolds(covered: Covered, body: Uint8Array): Promise<boolean> {
  const length = covered.get('content-length')
  if (length !== undefined) return length === String(body.byteLength)
  const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  return covered.get('content-digest') === contentDigest(sha256)
}

type Seen = (nonce: string, expires: number, now: number) => boolean | Promise<boolean>

/** Claims the nonce. A seen-set that throws, or answers anything but `false`, refuses the request. */
export async function checkReplay(
  seen: Seen | undefined,
  { nonce, expires }: Proof,
  now: number,
): Promise<Refusal | undefined> {
  if (!seen) return undefined
  try {
    return (await seen(nonce, expires, now)) === false ? undefined : 'replayed'
  } catch {
    return 'seen-set-failed'
  }
}
