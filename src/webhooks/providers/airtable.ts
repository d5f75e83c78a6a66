import { hmacSha256 } from '../algorithms.ts'
import { base64 } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Airtable's notification pings (`X-Airtable-Content-MAC`, HMAC-SHA256 over the raw body under a key in
 * base64; no time is taken from it). The replay key is the body's digest, which the ping's `timestamp` makes different
 * for each. A ping says only that something changed: the origin asks Airtable for the payloads, and tells copies by
 * their transaction number. Airtable takes 200 and 204 for success, and nothing else.
 * @example
 * import { airtable } from 'sallyport/webhooks'
 *
 * export const authenticate = airtable({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const airtable = provider({
  name: 'airtable',
  secretForm: 'macSecretBase64 of the answer that created the webhook',
  proof: signed({
    keys: [{ algorithm: hmacSha256, decode: base64 }],
    signature: { header: 'x-airtable-content-mac', form: 'hmac-sha256={hex}' },
    signs: '{body}',
  }),
  timeoutSeconds: 25,
  // 13 retries with growing pauses.
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Airtable',
  source: 'airtable.com/developers/web/api/webhooks-overview',
  checked: '2026-11',
  rotation: 'a new webhook has a new secret; the gateway holds two',
  disablesAfter: '13 failed retries of a ping, about a day',
  trap: 'the secret is base64, not text; a ping has no data; only 200 and 204 are a success',
}
