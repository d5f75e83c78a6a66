import { valueAt, valuesOf } from './digits.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const sextets = valuesOf(alphabet)

/** Base64 of the bytes with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/**
 * The bytes of a base64 text, or undefined unless it is the one text that `encodeBase64` would write for
 * them: padded, no whitespace, no url alphabet, unused bits zero (RFC 4648 sections 3.2, 3.5 and 4). The text may begin at a
 * place of another, which costs less than a slice.
 */
export function decodeBase64(text: string, from = 0): Uint8Array<ArrayBuffer> | undefined {
  // Neither atob nor Uint8Array.fromBase64 is strict: both skip whitespace, so two texts would be one value.
  const length = text.length - from
  if (length % 4 !== 0) return undefined
  const padding = length === 0 || !text.endsWith('=') ? 0 : text.endsWith('==') ? 2 : 1
  const bytes = new Uint8Array((length / 4) * 3 - padding)
  const whole = padding === 0 ? text.length : text.length - 4
  let written = 0
  let all = 0
  for (let at = from; at < whole; at += 4) {
    const bits =
      (valueAt(sextets, text, at) << 18) |
      (valueAt(sextets, text, at + 1) << 12) |
      (valueAt(sextets, text, at + 2) << 6) |
      valueAt(sextets, text, at + 3)
    all |= bits
    bytes[written++] = bits >> 16
    bytes[written++] = bits >> 8
    bytes[written++] = bits
  }
  if (padding > 0) {
    const third = padding === 1 ? valueAt(sextets, text, whole + 2) : 0
    const bits =
      (valueAt(sextets, text, whole) << 18) | (valueAt(sextets, text, whole + 1) << 12) | (third << 6)
    if ((bits & (padding === 1 ? 0xff : 0xffff)) !== 0) return undefined
    all |= bits
    bytes[written++] = bits >> 16
    if (padding === 1) bytes[written] = bits >> 8
  }
  return all < 0 ? undefined : bytes
}
