import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Linear webhook deliveries (`Linear-Signature`, HMAC-SHA256 over the raw body, whose `webhookTimestamp` in
 * milliseconds is the signed time: 60 s both ways, as in Linear's SDK). The header `Linear-Timestamp` is not signed
 * and not read. The delivery's id is an unsigned header: the replay key is the body's digest. Whether a retry (after 1
 * minute, 1 hour and 6 hours) has a new time is not documented: where the record shows retries refused as too old,
 * `tolerance: '7 h'` takes them, and copies are still told by their digest.
 * @example
 * import { linear } from 'sallyport/webhooks'
 *
 * export const authenticate = linear({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const linear = provider({
  name: 'linear',
  secretForm: "the webhook's signing secret, as text",
  proof: signed({
    signature: { header: 'linear-signature', form: '{hex}' },
    time: { body: 'webhookTimestamp', unit: 'ms', toleranceSeconds: 60 },
    signs: '{body}',
  }),
  hintHeader: 'linear-delivery',
  timeoutSeconds: 5,
  // After 1 minute, 1 hour and 6 hours.
  redelivery: { automatic: true, horizonSeconds: 7 * 3600 + 60 },
})

export const facts: Facts = {
  title: 'Linear',
  source: '@linear/sdk 98.0.0; linear.app/developers/webhooks; retries and timeout from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'the signed time is in the body, its copy in a header is not signed; retries may need a longer tolerance',
  unsigned: ['linear-delivery', 'linear-event', 'linear-timestamp'],
}
