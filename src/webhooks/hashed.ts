import { deny } from '../contract.ts'
import { concatBytes, sha256 } from '../lib/digest.ts'
import type { Algorithm } from './algorithms.ts'
import { text } from './keys.ts'
import { type Compose, type SignedBy, type SignedProof, signed } from './signed.ts'

/** A plain SHA-256 in a header, beside a header with the version of the scheme. */
export interface HashedBy {
  header: string
  /** The header that says which scheme it is, and the one value that is taken. */
  version: readonly [header: string, value: string]
  /** What is hashed behind the secret. */
  signs: Compose
  signsUrl?: boolean
}

type Extra = Pick<SignedProof, 'covers' | 'tolerance' | 'keys' | 'signsUrl' | 'inspect' | 'verify'>

/** The proof that `hashed` makes: `by` is what signers and the documentation read. */
export interface HashedProof<B extends HashedBy = HashedBy> extends Extra {
  readonly kind: 'hashed'
  readonly by: B
}

/**
 * SHA-256 over the secret and then the message, without HMAC: whoever has one such hash can continue the message without
 * knowing the secret (length extension).
 */
export const secretThenMessage: Algorithm = {
  name: 'SHA-256 over secret and message',
  signatureBytes: 32,
  importKey: async (bytes) => bytes,
  async verify(key, signature, message) {
    const expected = await sha256(concatBytes(key as Uint8Array, message))
    // All 32 bytes are looked at, so that the time does not tell how many were right.
    let difference = 0
    for (const [at, byte] of expected.entries()) difference |= byte ^ (signature[at] ?? 0)
    return difference === 0
  },
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A hash over secret and message. Refuses another version of the scheme, and bytes that are not UTF-8: a continued message
 * holds the padding of SHA-256, whose first byte 0x80 never stands where a character may begin (FIPS 180-4 section 5.1.1,
 * RFC 3629 section 3).
 */
export function hashed<const B extends HashedBy>(by: B): HashedProof<B> {
  const [header, value] = by.version
  const signature = { header: by.header, form: '{hex}' } satisfies SignedBy['signature']
  const { inspect, ...proof } = signed({
    keys: [{ algorithm: secretThenMessage, decode: text }],
    signature,
    signs: (facts) => (isUtf8(facts.body) ? by.signs(facts) : undefined),
    ...(by.signsUrl && { signsUrl: true }),
  })
  return {
    ...proof,
    kind: 'hashed',
    by,
    inspect(sent, tolerance) {
      const version = sent.headers.get(header)
      if (version === undefined) return deny('signature_missing', `${header} is missing`)
      if (version !== value) return deny('signature_refused', `${header} is not ${value}`)
      return inspect(sent, tolerance)
    },
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes)
    return true
  } catch {
    return false
  }
}
