const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const sextets = new Int8Array(128).fill(-1)
for (let value = 0; value < 64; value++) sextets[alphabet.charCodeAt(value)] = value

/** Base64 of the bytes with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/**
 * The bytes of a base64 text, or undefined unless it is the one text that `encodeBase64` would write for
 * them: padded, no whitespace, no url alphabet, unused bits zero (RFC 4648 sections 3.2, 3.5 and 4).
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  // Neither atob nor Uint8Array.fromBase64 is strict: both skip whitespace, so two texts would be one value.
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const end = text.length - padding
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let bits = 0
  let held = 0
  let written = 0
  for (let at = 0; at < end; at++) {
    // Past 127 the table has no entry.
    const sextet = sextets[text.charCodeAt(at)] ?? -1
    if (sextet < 0) return undefined
    bits = ((bits << 6) | sextet) & 0xfff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[written++] = bits >> held
      bits &= (1 << held) - 1
    }
  }
  return bits === 0 ? bytes : undefined
}
