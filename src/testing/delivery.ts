import { concatBytes, utf8 } from '../lib/digest.ts'

/** A signed delivery, ready for `new Request(url, { method: 'POST', ...delivery })`; header names are lower case. */
export interface SignedDelivery {
  headers: Record<string, string>
  body: string
}

/** HMAC-SHA256 (RFC 2104) over the UTF-8 bytes of the texts, one after the other. */
export async function hmacSha256(
  secret: Uint8Array<ArrayBuffer>,
  ...texts: readonly string[]
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, concatBytes(...texts.map(utf8))))
}

/** Unix seconds of now, the default of every `timestamp`. */
export function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
