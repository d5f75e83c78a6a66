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
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < text.length; at += 2) {
    const high = digitValue(text.charCodeAt(at))
    const low = digitValue(text.charCodeAt(at + 1))
    if (high < 0 || low < 0) return undefined
    bytes[at / 2] = (high << 4) | low
  }
  return bytes
}

function digitValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  if (code >= 65 && code <= 70) return code - 55
  return -1
}
