const digits = '0123456789abcdef'
const nibbles = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) nibbles[digits.charCodeAt(value)] = value

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
    const value = (nibble(text, from + 2 * at) << 4) | nibble(text, from + 2 * at + 1)
    all |= value
    bytes[at] = value
  }
  return all < 0 ? undefined : bytes
}

/** -1 has all its bits set, and stays negative whatever it is shifted by and joined with. */
function nibble(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (nibbles[code] ?? -1) : -1
}
