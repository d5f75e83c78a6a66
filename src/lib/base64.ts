import { bytesOf } from './base64url.ts'

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
  try {
    const binary = atob(text)
    // `atob` skips white space and takes a text without its padding or with stray bits: none of these comes back.
    return btoa(binary) === text ? bytesOf(binary) : undefined
  } catch {
    return undefined
  }
}
