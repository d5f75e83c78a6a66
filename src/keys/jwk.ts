import { calculateJwkThumbprint, importJWK } from 'jose'
import { decodeBase64 } from '../lib/base64.ts'
import { hasSmallOrder } from '../lib/small-order.ts'
import type { VerifyKey } from './key-source.ts'

/**
 * The algorithms that keys are taken for, and the family of keys that each needs: RSA or a curve (RFC 7518 section 3.1,
 * RFC 8037 section 3.1, RFC 9864 section 2.2).
 */
const FAMILIES: ReadonlyMap<string, string> = new Map([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => [name, 'RSA'] as const),
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
  ['EdDSA', 'Ed25519'],
  ['Ed25519', 'Ed25519'],
])

/** Bytes of one coordinate. */
const COORDINATE_BYTES: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
])
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

export const KNOWN_ALGORITHMS: readonly string[] = [...FAMILIES.keys()]

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
  const fitting = algorithms.filter((name) => FAMILIES.get(name) === family)
  const alg = jwk.alg === undefined ? fitting[0] : fitting.find((name) => name === jwk.alg)
  if (alg === undefined) return fault('algorithm')
  const material = family === 'RSA' ? readRsa(jwk) : jwk.kty === 'EC' ? readPoint(jwk) : readEd25519(jwk)
  if (typeof material === 'string') return fault(material)
  const kid = typeof jwk.kid === 'string' && jwk.kid.length <= MAX_KID_CHARS ? { kid: jwk.kid } : {}
  return { ok: true, jwk: { ...material, ...kid, alg } }
}

/** The key behind a JWK, or undefined where the runtime refuses it: a point that is not on its curve, for one. */
export async function importVerifyKey(jwk: PublicJwk): Promise<VerifyKey | undefined> {
  const { alg, kid, ...material } = jwk
  try {
    const key = await importJWK(material, alg)
    if (key instanceof Uint8Array) return undefined
    return { kid, algorithm: alg, key, thumbprint: await calculateJwkThumbprint(material) }
  } catch {
    return undefined
  }
}

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
  if (typeof x !== 'string' || point?.length !== 32) return 'shape'
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
function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^[\w-]+$/.test(value)) return undefined
  const standard = value.replaceAll('-', '+').replaceAll('_', '/')
  return decodeBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='))
}
