/** A way to check a signature over bytes. `Made` is what a key's bytes become. */
export interface Algorithm {
  readonly name: string
  /** Bytes of a signature; undefined where they differ (DER). */
  readonly signatureBytes: number | undefined
  importKey(bytes: Uint8Array<ArrayBuffer>): Promise<unknown>
  verify(key: unknown, signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean>
}

const hmac = (hash: string, signatureBytes: number): Algorithm => ({
  name: `HMAC-${hash.replace('-', '')}`,
  signatureBytes,
  importKey: (bytes) => crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['verify']),
  verify: (key, signature, message) => crypto.subtle.verify('HMAC', key as CryptoKey, signature, message),
})

/** RFC 2104 with SHA-256. */
export const hmacSha256: Algorithm = hmac('SHA-256', 32)

/** RFC 2104 with SHA-1: no known attack reaches it there, and some providers have nothing else. */
export const hmacSha1: Algorithm = hmac('SHA-1', 20)

/** RFC 8032. */
export const ed25519: Algorithm = {
  name: 'Ed25519',
  signatureBytes: 64,
  importKey: (bytes) => crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']),
  verify: (key, signature, message) => crypto.subtle.verify('Ed25519', key as CryptoKey, signature, message),
}
