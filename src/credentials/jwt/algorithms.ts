const EC = (bytes: number) => ({ min: bytes, max: bytes })
/** From 2048 to 8192 bits: shorter keys are refused where keys are taken in, longer ones cost too much to verify. */
const RSA = { min: 256, max: 1024 }

/** Bytes of a signature (RFC 7518 section 3, RFC 8037, RFC 9864): what has another size is refused before any key. */
const SIGNATURE_BYTES = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: EC(64),
  ES384: EC(96),
  ES512: EC(132),
  EdDSA: EC(64),
  Ed25519: EC(64),
} as const

/** A signature with a key of two halves; `none` and shared secrets (HS256) are none of them. */
export type TokenAlgorithm = keyof typeof SIGNATURE_BYTES

export const TOKEN_ALGORITHMS = Object.keys(SIGNATURE_BYTES) as readonly TokenAlgorithm[]

export const isTokenAlgorithm = (value: unknown): value is TokenAlgorithm =>
  TOKEN_ALGORITHMS.some((algorithm) => algorithm === value)

/** Whether a signature of an algorithm can have so many bytes. */
export function fitsAlgorithm(algorithm: TokenAlgorithm, bytes: number): boolean {
  const { min, max } = SIGNATURE_BYTES[algorithm]
  return bytes >= min && bytes <= max
}
