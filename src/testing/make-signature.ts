import { decodeBase64 } from '../lib/base64.ts'
import type { KeyForm } from '../webhooks/keys.ts'

/** The texts that a signature is made with. */
export interface SigningKey {
  secret: string
  /** PKCS #8 in base64. */
  privateKey: string | undefined
}

/** The bytes of a signature; throws a TypeError for a secret or a private key that is not of the provider's form. */
export async function makeSignature(
  { algorithm, decode }: KeyForm,
  { secret, privateKey }: SigningKey,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const [, hash] = /^HMAC-SHA(1|256)$/.exec(algorithm.name) ?? []
  if (hash !== undefined) {
    const bytes = decode(secret)
    if (!bytes) throw new TypeError('sign: secret: is not of the provider’s form')
    const parameters = { name: 'HMAC', hash: `SHA-${hash}` }
    const key = await crypto.subtle.importKey('raw', bytes, parameters, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, message))
  }
  if (algorithm.name === 'Ed25519') {
    const key = await importPrivate(privateKey, 'Ed25519')
    return new Uint8Array(await crypto.subtle.sign('Ed25519', key, message))
  }
  if (algorithm.name === 'ECDSA-P256') {
    const key = await importPrivate(privateKey, { name: 'ECDSA', namedCurve: 'P-256' })
    const raw = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, message)
    return derOf(new Uint8Array(raw))
  }
  throw new TypeError(`sign: ${algorithm.name} is not known`)
}

/** r and s as two DER INTEGERs in a SEQUENCE (RFC 3279 section 2.2.3). */
function derOf(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].flatMap((digits) => {
    const first = digits.findIndex((digit) => digit !== 0)
    const rest = digits.subarray(first)
    const signed = (rest[0] ?? 0) >= 0x80 ? [0, ...rest] : [...rest]
    return [0x02, signed.length, ...signed]
  })
  return Uint8Array.from([0x30, numbers.length, ...numbers])
}

/** The private key, for signing. */
export async function importPrivate(
  privateKey: string | undefined,
  algorithm: Parameters<SubtleCrypto['importKey']>[2],
): Promise<CryptoKey> {
  const bytes = privateKey === undefined ? undefined : decodeBase64(privateKey)
  if (!bytes) throw new TypeError('sign: privateKey: is not PKCS #8 in base64')
  return crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
}
