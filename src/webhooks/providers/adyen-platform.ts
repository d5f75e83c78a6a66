import { hmacSha256 } from '../algorithms.ts'
import { hex } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Adyen's webhooks for platforms, banking and management (`HmacSignature`, base64 HMAC-SHA256 over the raw
 * body under a key in hex; no time is signed). Those for payments carry their signature in the body: they are
 * `adyenPayments`. The ids in the body are of accounts and transfers, not of events: the replay key is the body's
 * digest. A delivery that fails holds up those behind it, for 30 days.
 * @example
 * import { adyenPlatform } from 'sallyport/webhooks'
 *
 * export const authenticate = adyenPlatform({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const adyenPlatform = provider({
  name: 'adyen-platform',
  secretForm: "the webhook's HMAC key, in hex",
  proof: signed({
    keys: [{ algorithm: hmacSha256, decode: hex }],
    signature: { header: 'hmacsignature', form: '{base64}' },
    signs: '{body}',
  }),
  timeoutSeconds: 10,
  redelivery: { automatic: true, horizonSeconds: 30 * 86_400 },
})

export const facts: Facts = {
  title: 'Adyen for Platforms',
  source:
    '@adyen/api-library 32.1.0; docs.adyen.com, "Troubleshoot webhooks"; timeout through third parties; names of the headers from memory',
  checked: '2026-11',
  rotation: 'one signature; after a change the former key signs for a while, so both slots are needed',
  trap: 'the key is hex, not text; one delivery that fails holds up the rest of the queue',
  unsigned: ['protocol'],
}
