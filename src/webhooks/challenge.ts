import { utf8 } from '../lib/digest.ts'

/** The value of a parameter that comes exactly once; undefined for none and for several. */
export function once(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  return values.length === 1 ? values[0] : undefined
}

/**
 * HMAC-SHA256 over a challenge, with a secret's text as the key. The same key verifies deliveries: a caller has to see to it
 * that no challenge can be the signed bytes of one.
 */
export async function answerTo(challenge: string, secret: string): Promise<Uint8Array> {
  const parameters = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', utf8(secret), parameters, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(challenge)))
}
