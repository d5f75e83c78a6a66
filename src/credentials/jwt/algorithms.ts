import { isKnownAlgorithm, KNOWN_ALGORITHMS, type SignatureAlgorithm, signatureBytes } from '../../lib/jwk.ts'

/** A signature with a key of two halves; `none` and shared secrets (HS256) are none of them. */
export type TokenAlgorithm = SignatureAlgorithm

export const TOKEN_ALGORITHMS = KNOWN_ALGORITHMS

export const isTokenAlgorithm = isKnownAlgorithm

/** From 2048 to 8192 bits: shorter keys are refused where keys are taken in, longer ones cost too much to verify. */
const RSA_BYTES = { least: 256, most: 1024 }

/** Whether a signature of an algorithm can have so many bytes: what has another size is refused before any key. */
export function fitsAlgorithm(algorithm: TokenAlgorithm, bytes: number): boolean {
  const exact = signatureBytes(algorithm)
  return exact === undefined ? bytes >= RSA_BYTES.least && bytes <= RSA_BYTES.most : bytes === exact
}
