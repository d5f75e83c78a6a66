import { fromBase64 } from './base64.ts'

/** The algorithms of the profile, by their names in the HTTP Signature Algorithms registry. */
export type Algorithm = 'hmac-sha256' | 'ed25519'

/** A key that the gateway signs with. */
export interface SigningKey {
  readonly id: string
  readonly algorithm: Algorithm
  readonly key: CryptoKey
}

/** A key that the origin verifies with; the import is started by the first signature that names the key. */
export interface VerificationKey {
  readonly id: string
  readonly algorithm: Algorithm
  load(): Promise<CryptoKey>
}

const MIN_SECRET_BYTES = 32
const ED25519_PUBLIC_BYTES = 32
const HMAC = { name: 'HMAC', hash: 'SHA-256' }

interface KeyText {
  id: string
  kind: string
  bytes: Uint8Array
}

/** Splits `id:algorithm:base64`; no message quotes the text, because a mistyped key is still a secret. */
function splitKeyText(text: string, wanted: string): KeyText {
  const match = /^([A-Za-z0-9_-]{1,64}):(hmac-sha256|ed25519|ed25519-public):([A-Za-z0-9+/=]{1,1024})$/.exec(
    typeof text === 'string' ? text : '',
  )
  const bytes = fromBase64(match?.[3] ?? '')
  if (!match || !bytes) {
    throw new TypeError(`${wanted}: expected <key id>:<algorithm>:<base64>, without spaces or line breaks`)
  }
  return { id: match[1] ?? '', kind: match[2] ?? '', bytes }
}

function requireSecretLength(bytes: Uint8Array, wanted: string): void {
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new TypeError(`${wanted}: an hmac-sha256 secret needs at least ${MIN_SECRET_BYTES} bytes`)
  }
}

/**
 * Reads the text of a signing key: `k1:hmac-sha256:<base64 of at least 32 bytes>` or `k2:ed25519:<base64 of pkcs8>`.
 *
 * @throws {TypeError} (as a rejection) when the text has another shape; the message holds no part of the text.
 */
export async function importSigningKey(text: string): Promise<SigningKey> {
  const wanted = 'origin signing key'
  const { id, kind, bytes } = splitKeyText(text, wanted)
  if (kind === 'hmac-sha256') {
    requireSecretLength(bytes, wanted)
    const key = await crypto.subtle.importKey('raw', bytes, HMAC, false, ['sign'])
    return { id, algorithm: 'hmac-sha256', key }
  }
  if (kind !== 'ed25519')
    throw new TypeError(`${wanted}: a public key cannot sign; give the pkcs8 private key`)
  try {
    const key = await crypto.subtle.importKey('pkcs8', bytes, { name: 'Ed25519' }, false, ['sign'])
    return { id, algorithm: 'ed25519', key }
  } catch {
    throw new TypeError(`${wanted}: not an Ed25519 private key in pkcs8 form`)
  }
}

/** Reads the text of a verification key: `k1:hmac-sha256:<base64>` or `k2:ed25519-public:<base64 of 32 raw bytes>`. */
export function readVerificationKey(text: string): VerificationKey {
  const wanted = 'origin verification key'
  const { id, kind, bytes } = splitKeyText(text, wanted)
  if (kind === 'ed25519') {
    throw new TypeError(`${wanted}: a private key does not belong to the origin; give ed25519-public`)
  }
  const secret = kind === 'hmac-sha256'
  if (secret) requireSecretLength(bytes, wanted)
  else if (bytes.length !== ED25519_PUBLIC_BYTES) {
    throw new TypeError(`${wanted}: an ed25519-public key has ${ED25519_PUBLIC_BYTES} raw bytes`)
  }
  let loaded: Promise<CryptoKey> | undefined
  const load = (): Promise<CryptoKey> =>
    crypto.subtle.importKey('raw', bytes, secret ? HMAC : { name: 'Ed25519' }, false, ['verify'])
  return {
    id,
    algorithm: secret ? 'hmac-sha256' : 'ed25519',
    load: () => {
      loaded ??= load()
      return loaded
    },
  }
}
