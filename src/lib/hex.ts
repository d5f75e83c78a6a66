const digits = '0123456789abcdef'

/** Lower-case hex of the bytes. */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += digits.charAt(byte >> 4) + digits.charAt(byte & 15)
  return text
}

/**
 * The bytes of a hex text in either case, or undefined unless it is pairs of ASCII hex digits and nothing
 * else (RFC 4648 section 8).
 */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (digitValue(text.charCodeAt(2 * at)) << 4) | digitValue(text.charCodeAt(2 * at + 1))
  }
  return bytes
}

/** Of a digit's character code: letters of either case have 1 to 6 in their low bits. */
const digitValue = (code: number): number => (code & 15) + (code > 64 ? 9 : 0)
