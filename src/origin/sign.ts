import {
  ALWAYS_ASSERTED,
  BODY_HEADER,
  canonicalValue,
  contentDigest,
  DERIVED,
  isAssertable,
  LABEL,
  MAX_COMPONENTS,
  MAX_LIFETIME_SECONDS,
  STREAMED,
  serializeParams,
  signatureBase,
  TAG,
} from './base.ts'
import { toBase64 } from './base64.ts'
import { splitDictionary } from './dictionary.ts'
import type { Algorithm, SigningKey } from './keys.ts'

export { importSigningKey, type SigningKey } from './keys.ts'

/** What a proof is made of. */
export interface ProofParts {
  /** Method as sent to the origin, upper case. */
  method: string
  /** Destination URL as sent to the origin. */
  url: string | URL
  /** The final headers of the request; the proof is set on them. */
  headers: Headers
  /** Lower-case names of every header that the gateway asserts; each must be in `headers` once. */
  asserted: readonly string[]
  /** SHA-256 of the body as sent, `empty` without a body, `streamed` when it leaves before its digest is known. */
  digest: Uint8Array | 'empty' | 'streamed'
  /** Time of signing, Unix seconds. */
  created: number
  /** End of validity, Unix seconds, at most 300 after `created`. @default created + 60 */
  expires?: number
  /** Base64 of 16 random bytes. @default fresh ones */
  nonce?: string
}

const DEFAULT_LIFETIME_SECONDS = 60
const NONCE_BYTES = 16
const MAX_FOREIGN_CHARS = 4096
const EMPTY_CONTENT_DIGEST = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
const METHOD = /^[A-Z][A-Z-]{0,31}$/
const NONCE = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/**
 * Signs a request to the origin (RFC 9421, label `sallyport`, tag `sallyport-v1`) and sets Content-Digest (RFC 9530),
 * Signature-Input and Signature on `parts.headers`. Signatures of other labels stay; one of this label, and any field
 * whose outline is broken, is dropped. A `streamed` body has no Content-Digest; its Content-Length is covered instead.
 *
 * @throws {TypeError} (as a rejection) for parts that the profile cannot sign; names headers, never their values.
 */
export async function signRequest(key: SigningKey, parts: ProofParts): Promise<void> {
  const { headers, created, expires = created + DEFAULT_LIFETIME_SECONDS } = parts
  const nonce = parts.nonce ?? toBase64(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)))
  requireTimes(created, expires)
  if (!NONCE.test(nonce)) throw new TypeError('proof: nonce must be the base64 of 16 bytes')

  setDigest(headers, parts.digest)
  const names = coveredNames(headers, parts)
  const values = coveredValues(names, parts)
  const params = serializeParams(names, {
    created,
    expires,
    nonce,
    keyid: key.id,
    alg: key.algorithm,
    tag: TAG,
  })
  const signature = await signBase(key, signatureBase(names, values, params))
  headers.set('signature-input', `${foreignMembers(headers, 'signature-input')}${LABEL}=${params}`)
  headers.set('signature', `${foreignMembers(headers, 'signature')}${LABEL}=:${toBase64(signature)}:`)
}

/** Removes a proof of this label from a request that goes on without one; signatures of other labels stay. */
export function dropProof(headers: Headers): void {
  for (const name of ['signature-input', 'signature']) {
    const kept = foreignMembers(headers, name).replace(/, $/, '')
    if (kept === '') headers.delete(name)
    else headers.set(name, kept)
  }
}

/** The signature primitive over a finished base. */
export async function signBase(
  key: Pick<SigningKey, 'key' | 'algorithm'>,
  base: Uint8Array,
): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(SUBTLE_NAME[key.algorithm], key.key, base))
}

const SUBTLE_NAME: Record<Algorithm, string> = { 'hmac-sha256': 'HMAC', ed25519: 'Ed25519' }

function requireTimes(created: number, expires: number): void {
  const lifetime = expires - created
  if (!Number.isSafeInteger(created) || created < 1 || !Number.isSafeInteger(expires)) {
    throw new TypeError('proof: created and expires must be whole Unix seconds')
  }
  if (lifetime < 1 || lifetime > MAX_LIFETIME_SECONDS) {
    throw new TypeError(`proof: expires must be 1 to ${MAX_LIFETIME_SECONDS} seconds after created`)
  }
}

function setDigest(headers: Headers, digest: ProofParts['digest']): void {
  const streamed = headers.get(BODY_HEADER) === STREAMED
  if (streamed !== (digest === 'streamed')) {
    throw new TypeError(
      `proof: ${BODY_HEADER} must say ${STREAMED} when the body has no digest, and only then`,
    )
  }
  if (digest === 'streamed') headers.delete('content-digest')
  else if (digest === 'empty') headers.set('content-digest', EMPTY_CONTENT_DIGEST)
  else if (digest.length === 32) headers.set('content-digest', contentDigest(digest))
  else throw new TypeError('proof: digest must be the 32 bytes of a SHA-256')
}

function coveredNames(headers: Headers, { asserted, digest }: ProofParts): string[] {
  const names: string[] = [...DERIVED, digest === 'streamed' ? 'content-length' : 'content-digest']
  if (headers.has('content-type')) names.push('content-type')
  const sorted = asserted.toSorted()
  for (const [i, name] of sorted.entries()) {
    if (!isAssertable(name))
      throw new TypeError('proof: an asserted header has a name that cannot be covered')
    if (name === sorted[i - 1]) throw new TypeError(`proof: ${name} is asserted twice`)
    names.push(name)
  }
  const required = digest === 'streamed' ? [...ALWAYS_ASSERTED, BODY_HEADER] : ALWAYS_ASSERTED
  for (const name of required) {
    if (!sorted.includes(name)) throw new TypeError(`proof: ${name} must be asserted`)
  }
  if (names.length > MAX_COMPONENTS) throw new TypeError(`proof: more than ${MAX_COMPONENTS} components`)
  return names
}

function coveredValues(
  names: readonly string[],
  { method, url: destination, headers }: ProofParts,
): string[] {
  const url = typeof destination === 'string' ? new URL(destination) : destination
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new TypeError('proof: url must be http or https')
  if (!METHOD.test(method)) throw new TypeError('proof: method must be an upper-case token')
  // A URL's `host` is already in lower case and without the scheme's default port.
  const values = [method, url.host, url.pathname, url.search || '?']
  for (let i = values.length; i < names.length; i++) {
    const name = names[i] ?? ''
    const value = canonicalValue(headers.get(name) ?? '\n')
    if (value === undefined)
      throw new TypeError(`proof: ${name} is missing or holds a byte that cannot be signed`)
    values.push(value)
  }
  return values
}

function foreignMembers(headers: Headers, name: string): string {
  const field = headers.get(name)
  if (!field || field.length > MAX_FOREIGN_CHARS) return ''
  const members = splitDictionary(field)
  if (!members) return ''
  if (!members.some(([label]) => label === LABEL)) return `${field}, `
  let kept = ''
  for (const [label, text] of members) if (label !== LABEL) kept += `${label}${text}, `
  return kept
}
