import { decodeBase64 } from '../lib/base64.ts'
import { ed25519, hmacSha256 } from './algorithms.ts'
import type { KeyForm } from './keys.ts'
import type { Redelivery } from './scheme.ts'
import { signed } from './signed.ts'

// standard-webhooks/spec/standard-webhooks.md; read November 2026. Many providers sign so, under two names of headers.

const MIN_KEY_BYTES = 24
const MAX_KEY_BYTES = 64

/** `whsec_` and 24 to 64 bytes in base64; the prefix may be left out. */
export const whsec = (text: string) => {
  const bytes = decodeBase64(text.startsWith('whsec_') ? text.slice(6) : text)
  return bytes && bytes.length >= MIN_KEY_BYTES && bytes.length <= MAX_KEY_BYTES ? bytes : undefined
}

/** The same, with the prefix. */
export const whsecPrefixed = (text: string) => (text.startsWith('whsec_') ? whsec(text) : undefined)

/** `whpk_` and the 32 bytes of an Ed25519 public key in base64. */
export const whpk = (text: string) => {
  const bytes = text.startsWith('whpk_') ? decodeBase64(text.slice(5)) : undefined
  return bytes?.length === 32 ? bytes : undefined
}

export const WHSEC_FORM = 'whsec_ and 24 to 64 bytes in base64'

/** For providers that sign with a shared secret alone. */
export const WHSEC_KEYS = [{ algorithm: hmacSha256, decode: whsec }] as const

/**
 * Standard Webhooks over id, time and raw body: `v1` is HMAC-SHA256, `v1a` Ed25519. The kind of the key decides which one
 * is looked at, so that neither stands for the other.
 */
export const standardWebhooks = (
  prefix: 'webhook' | 'svix',
  keys: readonly [KeyForm, ...KeyForm[]] = [
    { algorithm: hmacSha256, decode: whsec },
    { algorithm: ed25519, decode: whpk },
  ],
) =>
  signed({
    keys,
    signature: {
      header: `${prefix}-signature`,
      form: keys.length === 1 ? ['v1,{base64}'] : ['v1,{base64}', 'v1a,{base64}'],
      list: ' ',
    },
    idHeader: `${prefix}-id`,
    time: { header: `${prefix}-timestamp`, toleranceSeconds: 300 },
    signs: '{id}.{time}.{body}',
  })

/** Retries over days, each with the same id and a new time. */
export const STANDARD_REDELIVERY: Redelivery = { automatic: true, horizonSeconds: 5 * 86_400 }

/** The schedule of Svix, for all who send through it: seven retries in 27 hours, 35 minutes and 5 seconds. */
export const SVIX_REDELIVERY: Redelivery = { automatic: true, horizonSeconds: 99_305 }

/** Svix waits as long for an answer. */
export const SVIX_TIMEOUT_SECONDS = 15
