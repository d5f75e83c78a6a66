import { utf8 } from './digest.ts'

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' } as const
const MIN_CHARS = 32

/** The Worker secret that keys what the gateway writes outside of itself and reads again. */
export const SEAL_KEY = 'SEAL_KEY'

const imported = new Map<string, { secret: string; key: CryptoKey }>()

/**
 * An HMAC key for one purpose, derived from the deployment's secret, so that what is sealed for one is worth nothing for
 * another; undefined for a secret that is unset or shorter than 32 characters.
 */
export async function sealingKey(secret: unknown, purpose: string): Promise<CryptoKey | undefined> {
  if (typeof secret !== 'string' || secret.length < MIN_CHARS) return undefined
  const last = imported.get(purpose)
  if (last?.secret === secret) return last.key
  const root = await crypto.subtle.importKey('raw', utf8(secret), HMAC_SHA256, false, ['sign'])
  const bytes = await crypto.subtle.sign('HMAC', root, utf8(`sallyport ${purpose}`))
  const key = await crypto.subtle.importKey('raw', bytes, HMAC_SHA256, false, ['sign', 'verify'])
  // Purposes are constants of the code: the map has as many entries as there are.
  imported.set(purpose, { secret, key })
  return key
}
