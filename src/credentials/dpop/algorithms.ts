/** What an algorithm of RFC 7518 or RFC 8037 asks of the key and of Web Crypto. */
export type ProofAlgorithmSpec =
  | { kty: 'EC'; crv: string; bytes: number; hash: string }
  | { kty: 'OKP'; crv: string; bytes: number }
  | { kty: 'RSA'; name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS'; hash: string; saltBytes: number }

const ec = (crv: string, bytes: number, hash: string) => ({ kty: 'EC', crv, bytes, hash }) as const
const rsa = (name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS', bits: number) =>
  ({ kty: 'RSA', name, hash: `SHA-${bits}`, saltBytes: bits / 8 }) as const
const ed25519 = { kty: 'OKP', crv: 'Ed25519', bytes: 32 } as const

const specs = {
  ES256: ec('P-256', 32, 'SHA-256'),
  ES384: ec('P-384', 48, 'SHA-384'),
  ES512: ec('P-521', 66, 'SHA-512'),
  EdDSA: ed25519,
  Ed25519: ed25519,
  PS256: rsa('RSA-PSS', 256),
  PS384: rsa('RSA-PSS', 384),
  PS512: rsa('RSA-PSS', 512),
  RS256: rsa('RSASSA-PKCS1-v1_5', 256),
  RS384: rsa('RSASSA-PKCS1-v1_5', 384),
  RS512: rsa('RSASSA-PKCS1-v1_5', 512),
} as const satisfies Record<string, ProofAlgorithmSpec>

/** The asymmetric algorithms that a proof may be signed with; `EdDSA` and `Ed25519` are one. */
export type ProofAlgorithm = keyof typeof specs

// A Map, so that a name such as `constructor` finds nothing.
export const PROOF_ALGORITHMS: ReadonlyMap<string, ProofAlgorithmSpec> = new Map(Object.entries(specs))
