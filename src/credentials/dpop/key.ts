import { decodeBase64url } from '../../lib/base64url.ts'
import { hasSmallOrder } from '../../lib/small-order.ts'
import { PROOF_ALGORITHMS } from './algorithms.ts'

/** A public key out of a proof's header, not imported yet. */
export interface ProofKey {
  /** The members that the thumbprint is taken over, in the order and spelling of RFC 7638 section 3. */
  readonly canonical: string
  readonly jwk: JsonWebKey
  readonly importAs: { name: string; namedCurve?: string; hash?: string }
  readonly verifyAs: { name: string; hash?: string; saltLength?: number }
  /** Bytes of a signature that it can have made. */
  readonly signatureBytes: number
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const MIN_RSA_BITS = 2048
/** More than that costs time, and the client chooses the key. */
const MAX_RSA_BITS = 4096
const MAX_EXPONENT_BYTES = 4

type Members = Readonly<Record<string, unknown>>

/** Reads the key that an algorithm needs, or undefined: public, for signatures, and of the one form of its value. */
export function readProofKey(value: unknown, algorithm: string): ProofKey | undefined {
  const spec = PROOF_ALGORITHMS.get(algorithm)
  if (spec === undefined || typeof value !== 'object' || value === null) return undefined
  const jwk = value as Members
  if (jwk.kty !== spec.kty || !isForProofs(jwk, algorithm)) return undefined
  switch (spec.kty) {
    case 'EC': {
      const [x, y] = [textOf(jwk.x, spec.bytes), textOf(jwk.y, spec.bytes)]
      if (jwk.crv !== spec.crv || x === undefined || y === undefined) return undefined
      const members = { crv: spec.crv, kty: 'EC', x, y }
      return {
        ...named(members),
        importAs: { name: 'ECDSA', namedCurve: spec.crv },
        verifyAs: { name: 'ECDSA', hash: spec.hash },
        signatureBytes: 2 * spec.bytes,
      }
    }
    case 'OKP': {
      const x = textOf(jwk.x, spec.bytes)
      if (jwk.crv !== spec.crv || x === undefined || isWeak(x)) return undefined
      const as = { name: spec.crv }
      return {
        ...named({ crv: spec.crv, kty: 'OKP', x }),
        importAs: as,
        verifyAs: as,
        signatureBytes: 2 * spec.bytes,
      }
    }
    case 'RSA': {
      const [e, n] = [numberOf(jwk.e), numberOf(jwk.n)]
      if (e === undefined || n === undefined || !isExponent(e.bytes) || !isModulus(n.bytes)) return undefined
      const { name, hash, saltBytes } = spec
      return {
        ...named({ e: e.text, kty: 'RSA', n: n.text }),
        importAs: { name, hash },
        verifyAs: name === 'RSA-PSS' ? { name, saltLength: saltBytes } : { name },
        signatureBytes: n.bytes.length,
      }
    }
  }
}

/** No private half, and nothing in it that says another use. */
function isForProofs(jwk: Members, algorithm: string): boolean {
  if (PRIVATE.some((name) => Object.hasOwn(jwk, name))) return false
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return false
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  return jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))
}

/** Only these members are imported: nothing else that a client wrote reaches the crypto. */
const named = (members: JsonWebKey): Pick<ProofKey, 'jwk' | 'canonical'> => ({
  jwk: members,
  canonical: JSON.stringify(members),
})

const textOf = (value: unknown, bytes: number): string | undefined =>
  typeof value === 'string' && decodeBase64url(value)?.length === bytes ? value : undefined

/** Under such a point anybody can sign, so that the proof would bind the token to nobody. */
function isWeak(x: string): boolean {
  const point = decodeBase64url(x)
  return point === undefined || hasSmallOrder(point)
}

/** A Base64urlUInt (RFC 7518 section 2): no leading zero byte, so that one number has one text and one thumbprint. */
function numberOf(value: unknown): { text: string; bytes: Uint8Array } | undefined {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined
  return bytes?.[0] ? { text: value as string, bytes } : undefined
}

const isOdd = (bytes: Uint8Array): boolean => ((bytes.at(-1) ?? 0) & 1) === 1

/** With an exponent of 1 every text is its own signature. */
const isExponent = (bytes: Uint8Array): boolean =>
  isOdd(bytes) && bytes.length <= MAX_EXPONENT_BYTES && (bytes.length > 1 || (bytes[0] ?? 0) >= 3)

function isModulus(bytes: Uint8Array): boolean {
  const bits = bytes.length * 8 - (Math.clz32(bytes[0] ?? 0) - 24)
  return isOdd(bytes) && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS
}
