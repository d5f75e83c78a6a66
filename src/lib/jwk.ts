import { decodeBase64url } from './base64url.ts'
import { hasSmallOrder } from './small-order.ts'

/**
 * The algorithms that keys are taken for, and the family of keys that each needs: RSA or a curve (RFC 7518 section 3.1,
 * RFC 8037 section 3.1, RFC 9864 section 2.2). None of them is `none` or a shared secret.
 */
const FAMILIES = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
} as const

/** A signature with a key of two halves. */
export type SignatureAlgorithm = keyof typeof FAMILIES

export const KNOWN_ALGORITHMS = Object.keys(FAMILIES) as readonly SignatureAlgorithm[]

/** Also for what is no text at all, or a name that objects inherit. */
export const isKnownAlgorithm = (name: unknown): name is SignatureAlgorithm =>
  KNOWN_ALGORITHMS.some((known) => known === name)

const familyFor = (algorithm: string): string | undefined =>
  isKnownAlgorithm(algorithm) ? FAMILIES[algorithm] : undefined

/** Bytes of one coordinate. */
const COORDINATE_BYTES: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
])
const POINT_BYTES = 32
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
/** RFC 8725 section 3.5 asks for 2048 bits; above the upper end one verification is a millisecond of CPU. */
const RSA_BITS = { least: 2048, most: 8192 }
/** Larger exponents only cost CPU. */
const MAX_EXPONENT_BYTES = 4
const MAX_KID_CHARS = 256

/** A public key with the members that decide, and no other. */
export type PublicJwk = { alg: string; kid?: string } & (
  | { kty: 'RSA'; n: string; e: string }
  | { kty: 'EC'; crv: string; x: string; y: string }
  | { kty: 'OKP'; crv: string; x: string }
)
type Material = PublicJwk extends infer J ? (J extends unknown ? Omit<J, 'alg' | 'kid'> : never) : never

/** Why a key is dropped. */
export type JwkFault = 'private' | 'use' | 'family' | 'algorithm' | 'weak' | 'shape'
export type ReadJwk = { ok: true; jwk: PublicJwk } | { ok: false; fault: JwkFault }

/**
 * Reads a JWK as a key that verifies signatures of one of the algorithms (RFC 7517 section 4). A key that names no algorithm
 * of its own is pinned to the first of the list that its family fits (RFC 8725 section 3.1).
 */
export function readJwk(value: unknown, algorithms: readonly string[]): ReadJwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('shape')
  const jwk = value as Readonly<Record<string, unknown>>
  if (PRIVATE.some((name) => Object.hasOwn(jwk, name))) return fault('private')
  if (jwk.use !== undefined && jwk.use !== 'sig') return fault('use')
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    return fault('use')
  const family = familyOf(jwk)
  if (family === undefined) return fault('family')
  const fitting = algorithms.filter((name) => familyFor(name) === family)
  const alg = jwk.alg === undefined ? fitting[0] : fitting.find((name) => name === jwk.alg)
  if (alg === undefined) return fault('algorithm')
  const material = family === 'RSA' ? readRsa(jwk) : jwk.kty === 'EC' ? readPoint(jwk) : readEd25519(jwk)
  if (typeof material === 'string') return fault(material)
  const kid = typeof jwk.kid === 'string' && jwk.kid.length <= MAX_KID_CHARS ? { kid: jwk.kid } : {}
  return { ok: true, jwk: { ...material, ...kid, alg } }
}

/** As what the runtime imports a key of the algorithm; one that it does not know is of no family, and is refused there. */
export function importAs(algorithm: string): { name: string; hash?: string; namedCurve?: string } {
  const family = familyFor(algorithm) ?? ''
  if (family === 'Ed25519') return { name: family }
  if (family !== 'RSA') return { name: 'ECDSA', namedCurve: family }
  const name = algorithm.startsWith('RS') ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS'
  return { name, hash: `SHA-${algorithm.slice(2)}` }
}

/** Bytes of a signature of the algorithm, two numbers of one size (RFC 7518 section 3.4, RFC 8032); undefined where its key decides. */
export function signatureBytes(algorithm: SignatureAlgorithm): number | undefined {
  const family = FAMILIES[algorithm]
  return family === 'RSA' ? undefined : 2 * (COORDINATE_BYTES.get(family) ?? POINT_BYTES)
}

/** What the thumbprint of a key is taken over (RFC 7638 section 3): its members are the required ones, in need of their order. */
export const canonicalOf = (material: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(material).sort(([a], [b]) => (a < b ? -1 : 1))))

const fault = (fault: JwkFault): ReadJwk => ({ ok: false, fault })

function familyOf({ kty, crv }: Readonly<Record<string, unknown>>): string | undefined {
  if (kty === 'RSA') return 'RSA'
  if (kty === 'EC') return COORDINATE_BYTES.has(crv) ? String(crv) : undefined
  return kty === 'OKP' && crv === 'Ed25519' ? crv : undefined
}

function readRsa({ n, e }: Readonly<Record<string, unknown>>): Material | JwkFault {
  const modulus = integer(n)
  const exponent = integer(e)
  if (typeof n !== 'string' || typeof e !== 'string' || !modulus || !exponent) return 'shape'
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < RSA_BITS.least || bits > RSA_BITS.most || !isOdd(modulus)) return 'weak'
  // With e = 1 anybody signs.
  const isOne = exponent.length === 1 && exponent[0] === 1
  if (!isOdd(exponent) || isOne || exponent.length > MAX_EXPONENT_BYTES) return 'weak'
  return { kty: 'RSA', n, e }
}

function readPoint({ crv, x, y }: Readonly<Record<string, unknown>>): Material | JwkFault {
  if (typeof crv !== 'string' || typeof x !== 'string' || typeof y !== 'string') return 'shape'
  const length = COORDINATE_BYTES.get(crv)
  return bytesOf(x)?.length === length && bytesOf(y)?.length === length ? { kty: 'EC', crv, x, y } : 'shape'
}

function readEd25519({ x }: Readonly<Record<string, unknown>>): Material | JwkFault {
  const point = bytesOf(x)
  if (typeof x !== 'string' || point?.length !== POINT_BYTES) return 'shape'
  return hasSmallOrder(point) ? 'weak' : { kty: 'OKP', crv: 'Ed25519', x }
}

const isOdd = (bytes: Uint8Array): boolean => ((bytes.at(-1) ?? 0) & 1) === 1

/** The bytes of a positive number without leading zeros, which some issuers write. */
function integer(value: unknown): Uint8Array | undefined {
  const bytes = bytesOf(value)
  const first = bytes?.findIndex((byte) => byte !== 0) ?? -1
  return first < 0 ? undefined : bytes?.subarray(first)
}

/** Base64url in its one canonical form (RFC 7515 section 2), so that one key has one thumbprint. */
const bytesOf = (value: unknown): Uint8Array | undefined =>
  typeof value === 'string' && value !== '' ? decodeBase64url(value) : undefined
