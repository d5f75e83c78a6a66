import { decodeBase64, encodeBase64 } from '../lib/base64.ts'
import { decodeBase64url, encodeBase64url } from '../lib/base64url.ts'
import { decodeLowerHex, encodeHex } from '../lib/hex.ts'

// One text per signature: a second spelling of the same bytes is no signature that a provider wrote.

interface Encoding {
  decode: (text: string, from?: number) => Uint8Array<ArrayBuffer> | undefined
  encode: (bytes: Uint8Array) => string
}

export const encodings = {
  hex: { decode: decodeLowerHex, encode: encodeHex },
  base64: { decode: decodeBase64, encode: encodeBase64 },
  base64url: { decode: (text, from = 0) => decodeBase64url(text.slice(from)), encode: encodeBase64url },
} satisfies Record<string, Encoding>

/** How a signature is written around its bytes: `sha256={hex}`. */
export type SignatureForm = `${string}{${keyof typeof encodings}}`

/** Longest text of a signature: 512 bytes, which is RSA with 4,096 bits, in hex. */
const MAX_TEXT = 1024

export interface CompiledForm {
  prefix: string
  encoding: Encoding
  /** The bytes of what stands behind the prefix, or undefined: also for a text that begins otherwise. */
  read: (text: string) => Uint8Array<ArrayBuffer> | undefined
}

/** Throws a TypeError for a form without a place for the signature at its end. */
export function compileForm(form: string, bytes: number | undefined): CompiledForm {
  const [, prefix, name] = /^([^{}]*)\{(hex|base64|base64url)\}$/.exec(form) ?? []
  if (prefix === undefined || name === undefined) {
    throw new TypeError(`signature.form: '${form}' does not end with {hex}, {base64} or {base64url}`)
  }
  const encoding: Encoding = encodings[name as keyof typeof encodings]
  return {
    prefix,
    encoding,
    read(text) {
      const length = text.length - prefix.length
      if (length <= 0 || length > MAX_TEXT || !text.startsWith(prefix)) return undefined
      const decoded = encoding.decode(text, prefix.length)
      return decoded !== undefined && (bytes === undefined || decoded.length === bytes) ? decoded : undefined
    },
  }
}
