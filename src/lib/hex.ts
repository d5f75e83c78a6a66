import { valueAt, valuesOf } from './digits.ts'

const digits = '0123456789abcdef'
const nibbles = valuesOf(digits)

/** Lower-case hex of the bytes. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += digits.charAt(byte >> 4) + digits.charAt(byte & 15)
  return text
}

/** The bytes of a hex text in either case, or undefined unless it is pairs of hex digits and nothing else (RFC 4648 section 8). */
export const decodeHex = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  decodeLowerHex(text.toLowerCase())

/** The same of lower-case digits alone, so that one text is there for the bytes; of a text from a place on, which costs less than a slice. */
export function decodeLowerHex(text: string, from = 0): Uint8Array<ArrayBuffer> | undefined {
  if ((text.length - from) % 2 !== 0) return undefined
  const bytes = new Uint8Array((text.length - from) / 2)
  let all = 0
  for (let at = 0; at < bytes.length; at++) {
    const value = (valueAt(nibbles, text, from + 2 * at) << 4) | valueAt(nibbles, text, from + 2 * at + 1)
    all |= value
    bytes[at] = value
  }
  return all < 0 ? undefined : bytes
}
