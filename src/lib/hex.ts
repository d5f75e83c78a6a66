const digits = '0123456789abcdef'

/** Lower-case hex of the bytes. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += digits.charAt(byte >> 4) + digits.charAt(byte & 15)
  return text
}

/** The bytes of a hex text in either case, or undefined unless it is pairs of hex digits and nothing else (RFC 4648 section 8). */
export const decodeHex = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  decodeLowerHex(text.toLowerCase())

/** The same of lower-case digits alone, so that one text is there for the bytes. */
export function decodeLowerHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    const value = (digitValue(text.charCodeAt(2 * at)) << 4) | digitValue(text.charCodeAt(2 * at + 1))
    if (value < 0) return undefined
    bytes[at] = value
  }
  return bytes
}

/** -1 has all its bits set, and stays negative whatever it is shifted by and joined with. */
const digitValue = (code: number): number =>
  code > 47 && code < 58 ? code - 48 : code > 96 && code < 103 ? code - 87 : -1
