import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { utf8 } from '../../lib/digest.ts'
import { SEAL_KEY, sealingKey } from '../../lib/seal.ts'

/** Isolates read clocks of their own: a nonce may be from this many milliseconds ahead. */
const AHEAD_MS = 5000
/** When it was made and a MAC over that: nothing is stored, and every isolate with the secret knows it again. */
const FORM = /^([1-9][0-9]{0,14})\.([A-Za-z0-9_-]{43})$/

/** What seals nonces; undefined while the deployment has no SEAL_KEY. */
export const nonceKey = (env: Readonly<Record<string, unknown>>): Promise<CryptoKey | undefined> =>
  sealingKey(env[SEAL_KEY], 'dpop nonce')

/** The nonce of the present; `everyMs` is after how many milliseconds there is another. */
export async function makeNonce(key: CryptoKey, everyMs: number, now: number): Promise<string> {
  const start = now - (now % everyMs)
  const mac = await crypto.subtle.sign('HMAC', key, messageOf(start, everyMs))
  return `${start}.${encodeBase64url(new Uint8Array(mac))}`
}

/** `old` is good once more, but should be replaced; `refused` is out of date or not ours. */
export async function checkNonce(
  nonce: string,
  key: CryptoKey,
  everyMs: number,
  now: number,
): Promise<'current' | 'old' | 'refused'> {
  const [, made, sealed = ''] = FORM.exec(nonce) ?? []
  const mac = decodeBase64url(sealed)
  if (made === undefined || mac === undefined) return 'refused'
  const start = Number(made)
  const present = now - (now % everyMs)
  if (start < present - everyMs || start > now + AHEAD_MS) return 'refused'
  const isOurs = await crypto.subtle.verify('HMAC', key, mac, messageOf(start, everyMs))
  if (!isOurs) return 'refused'
  return start < present ? 'old' : 'current'
}

const messageOf = (start: number, everyMs: number) => utf8(`${start} of ${everyMs}`)
