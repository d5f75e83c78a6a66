import { decodeBase64 } from '../lib/base64.ts'
import { rawEcdsaSignature } from '../lib/der.ts'
import type { Algorithm } from './algorithms.ts'

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const HASHED = { name: 'ECDSA', hash: 'SHA-256' } as const
/** Bytes of a SubjectPublicKeyInfo of P-256 with both coordinates of the point (RFC 5480 section 2). */
const SPKI_BYTES = 91

/** ECDSA on P-256 with SHA-256 (FIPS 186-5), its signatures in DER (RFC 3279 section 2.2.3). */
export const ecdsaP256: Algorithm = {
  name: 'ECDSA-P256',
  signatureBytes: undefined,
  importKey: (spki) => crypto.subtle.importKey('spki', spki, CURVE, false, ['verify']),
  async verify(key, signature, message) {
    const raw = rawEcdsaSignature(signature, 32)
    return raw !== undefined && crypto.subtle.verify(HASHED, key as CryptoKey, raw, message)
  },
}

/** ES256 (RFC 7518 section 3.4): the same with r and s side by side. */
export const verifyEs256 = (
  key: CryptoKey,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> => crypto.subtle.verify(HASHED, key, signature, message)

/** The public key is written as a SubjectPublicKeyInfo in base64, without the lines of PEM. */
export function spki(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = decodeBase64(text)
  return bytes?.length === SPKI_BYTES ? bytes : undefined
}
