import { decodeBase64url } from '../../lib/base64url.ts'
import { canonicalOf, importAs, isKnownAlgorithm, readJwk, signatureBytes } from '../../lib/jwk.ts'

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

/** 4096 bits. More than that costs time, and the client chooses the key. */
const MAX_RSA_BYTES = 512

/** Reads the key that an algorithm needs, or undefined: public, for signatures, and of the one form of its value. */
export function readProofKey(value: unknown, algorithm: string): ProofKey | undefined {
  const read = readJwk(value, [algorithm])
  if (!read.ok || !isKnownAlgorithm(algorithm)) return undefined
  // Only the members that decide are imported: nothing else that a client wrote reaches the crypto.
  const { alg: _, kid: __, ...jwk } = read.jwk
  const bytes = 'n' in jwk ? modulusBytes(jwk) : signatureBytes(algorithm)
  if (bytes === undefined) return undefined
  const as = importAs(algorithm)
  return {
    canonical: canonicalOf(jwk),
    jwk,
    importAs: as,
    verifyAs: verifyAs(as.name, algorithm),
    signatureBytes: bytes,
  }
}

/** Of an RSA key; undefined for one that is too large, or has a number with a leading zero (RFC 7518 section 2): one number, one text. */
function modulusBytes({ n, e }: { n: string; e: string }): number | undefined {
  const [modulus, exponent] = [decodeBase64url(n), decodeBase64url(e)]
  const isPlain = modulus?.[0] && exponent?.[0]
  return isPlain && modulus.length <= MAX_RSA_BYTES ? modulus.length : undefined
}

/** RFC 7518 section 3: the salt is as long as the hash. */
function verifyAs(name: string, algorithm: string): ProofKey['verifyAs'] {
  const bits = Number(algorithm.slice(2))
  if (name === 'ECDSA') return { name, hash: `SHA-${bits}` }
  return name === 'RSA-PSS' ? { name, saltLength: bits / 8 } : { name }
}
