import { utf8 } from './digest.ts'

/** What no base64url has and `atob` would take or stumble over: the other alphabet, padding, the rest of RFC 9110's token68. */
const FOREIGN = ['+', '/', '=', '~'] as const
const PADDING = ['', '', '==', '=']
/** Last characters whose unused bits are zero, by the length modulo 4 (RFC 4648 section 3.5). */
const LAST = ['', '', 'AQgw', 'AEIMQUYcgkosw048']

/** The bytes of a base64url text, or undefined unless it is the one text for them. */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const binary = decodeBinary(text)
  return binary === undefined ? undefined : bytesOf(binary)
}

/**
 * The same, as a text of one character a byte: no padding, no other character, unused bits zero (RFC 7515 section 2). jose
 * takes spaces, padding and stray bits: many texts, one token. Native steps alone, since strangers choose the length.
 */
export function decodeBinary(text: string): string | undefined {
  const rest = text.length % 4
  if (rest === 1 || FOREIGN.some((character) => text.includes(character))) return undefined
  if (rest > 1 && LAST[rest]?.includes(text.charAt(text.length - 1)) !== true) return undefined
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/') + PADDING[rest])
    // `atob` skips white space: then there are fewer bytes than the length of the text tells.
    return binary.length === Math.floor((text.length * 3) / 4) ? binary : undefined
  } catch {
    return undefined
  }
}

/** Base64url of the bytes without padding (RFC 7515 section 2). */
export const encodeBase64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The bytes of a text of one character a byte. */
export function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  const ascii = utf8(binary)
  // Only ASCII is one byte a character in UTF-8, and most tokens are all ASCII.
  if (ascii.length === binary.length) return ascii
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}
