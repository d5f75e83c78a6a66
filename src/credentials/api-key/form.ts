import { utf8 } from '../../lib/digest.ts'

// A key is `<prefix>_<43 random characters><11 characters of checksum>`, all of base62: one double click selects the last
// part, and 43 characters hold 256 bits.

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BASE = BigInt(ALPHABET.length)
const RANDOM_CHARS = 43
/** The shortest that holds 8 bytes. */
const CHECKSUM_CHARS = 11
const CHECKSUM_BYTES = 8
const TAIL = new RegExp(`^[0-9A-Za-z]{${RANDOM_CHARS + CHECKSUM_CHARS}}$`)
const PREFIX = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/
const MAX_PREFIX_CHARS = 32

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' } as const
const LABEL = 'sallyport api key v1 '

/** Characters of the secret that keys the checksum, at least. */
export const MIN_CHECKSUM_SECRET_CHARS = 32

/** What a prefix is made of, for messages. */
export const PREFIX_FORM = "lower-case letters, digits and single '_', a letter first, at most 32 characters"

export const isPrefix = (prefix: string): boolean => prefix.length <= MAX_PREFIX_CHARS && PREFIX.test(prefix)

/** Whether a text has the form of a key of this prefix; says nothing of its checksum. */
export const hasForm = (text: string, prefix: string): boolean =>
  text.length === prefix.length + 1 + RANDOM_CHARS + CHECKSUM_CHARS &&
  text.startsWith(`${prefix}_`) &&
  TAIL.test(text.slice(prefix.length + 1))

/** The key of the checksum; the secret has at least 32 characters. */
export const checksumKey = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', utf8(secret), HMAC_SHA256, false, ['sign'])

/**
 * Whether the key was made with this secret. It keeps strangers from costing look-ups and proves nothing else: that a key
 * is a good one, only what is stored says.
 */
export async function hasChecksum(text: string, key: CryptoKey): Promise<boolean> {
  const end = text.length - CHECKSUM_CHARS
  const expected = await checksumOf(text.slice(0, end), key)
  // Every character is looked at, so that the time tells nothing of how many were right.
  let difference = 0
  for (let at = 0; at < CHECKSUM_CHARS; at++)
    difference |= text.charCodeAt(end + at) ^ expected.charCodeAt(at)
  return difference === 0
}

/** A new key: 43 characters of randomness and their checksum. */
export async function randomKey(prefix: string, key: CryptoKey): Promise<string> {
  const body = `${prefix}_${randomText(RANDOM_CHARS)}`
  return body + (await checksumOf(body, key))
}

/** Characters of base62, each as likely as any other. */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(64))) {
      // 248 is the largest multiple of 62 in a byte: what is above would favour the first characters.
      if (byte < 248 && text.length < length) text += ALPHABET.charAt(byte % 62)
    }
  }
  return text
}

async function checksumOf(body: string, key: CryptoKey): Promise<string> {
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(LABEL + body)))
  let value = 0n
  for (const byte of mac.subarray(0, CHECKSUM_BYTES)) value = (value << 8n) | BigInt(byte)
  let text = ''
  for (let at = 0; at < CHECKSUM_CHARS; at++) {
    text = ALPHABET.charAt(Number(value % BASE)) + text
    value /= BASE
  }
  return text
}
