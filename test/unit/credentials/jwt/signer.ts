import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A key of an issuer that signs whatever it is given. */
export interface Signer {
  algorithm: string
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  jwk: Record<string, unknown>
  /** RFC 7638. */
  thumbprint: string
}

const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', ES256K: 'secp256k1' }

export function makeSigner(algorithm: string, kid = `${algorithm}-key`, bits = 2048): Signer {
  const pair = keyPair(algorithm, bits)
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  return { algorithm, kid, ...pair, jwk, thumbprint: thumbprintOf(jwk) }
}

function keyPair(algorithm: string, bits: number): { publicKey: KeyObject; privateKey: KeyObject } {
  const namedCurve = CURVES[algorithm]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve })
  if (algorithm === 'Ed448') return generateKeyPairSync('ed448')
  return /^Ed/.test(algorithm)
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: bits })
}

export function thumbprintOf(jwk: Readonly<Record<string, unknown>>): string {
  const { crv, e, kty, n, x, y } = jwk
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'OKP' ? { crv, kty, x } : { crv, kty, x, y }
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}

/** Signs a text, with nothing checked. */
export function signText({ algorithm, privateKey }: Signer, text: string): Buffer {
  const hash = `sha${algorithm.slice(2, 5)}`
  if (/^Ed/.test(algorithm)) return sign(null, Buffer.from(text), privateKey)
  if (algorithm.startsWith('ES'))
    return sign(hash, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const padding = algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  return sign(hash, Buffer.from(text), { key: privateKey, padding, saltLength })
}

/** An object, or the very text or bytes of a part. */
export type Part = Readonly<Record<string, unknown>> | string | Uint8Array

export const encodePart = (part: Part): string => {
  const bytes = typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part)
  return Buffer.from(bytes as string).toString('base64url')
}

/** A token of these parts, signed as they are. */
export function signToken(signer: Signer, header: Part, claims: Part): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  return `${text}.${signText(signer, text).toString('base64url')}`
}

/** The header of an access token of a signer. */
export const headerOf = ({ algorithm, kid }: Signer, more: Readonly<Record<string, unknown>> = {}) => ({
  alg: algorithm,
  kid,
  typ: 'at+jwt',
  ...more,
})

/** The order of P-256, for the twin of a signature. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The same token with s → n − s: a second good signature, which needs no key to be made. */
export function twinOf(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const bytes = Buffer.from(token.slice(at), 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const twin = Buffer.concat([
    bytes.subarray(0, 32),
    Buffer.from((N - s).toString(16).padStart(64, '0'), 'hex'),
  ])
  return token.slice(0, at) + twin.toString('base64url')
}
