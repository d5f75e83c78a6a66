import { decodeBase64 } from '../lib/base64.ts'
import { decodeHex } from '../lib/hex.ts'

// One text per signature: a second spelling of the same 32 bytes is no signature that a provider wrote.

/** HMAC-SHA256 from 64 lower-case hex digits, which is how every provider that sends hex writes it. */
export function macFromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? decodeHex(text) : undefined
}

/** HMAC-SHA256 from canonical base64. */
export function macFromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = text.length === 44 ? decodeBase64(text) : undefined
  return bytes?.length === 32 ? bytes : undefined
}
