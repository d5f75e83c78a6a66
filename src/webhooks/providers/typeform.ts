import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Typeform webhook deliveries (`Typeform-Signature`, base64 HMAC-SHA256 over the raw body; no time is
 * signed). The replay key is the body's `event_id`; a body without one is known by its digest. Typeform switches a
 * webhook off at the first 404 or 410: neither the origin should answer so, nor the gateway, on a path that was
 * renamed while Typeform still calls it.
 * @example
 * import { typeform } from 'sallyport/webhooks'
 *
 * export const authenticate = typeform({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const typeform = provider({
  name: 'typeform',
  secretForm: "the webhook's secret, as text",
  proof: signed({ signature: { header: 'typeform-signature', form: 'sha256={base64}' }, signs: '{body}' }),
  bodyId: 'event_id',
  timeoutSeconds: 30,
  // Most failures: after 5, 10 and 20 minutes, 1, 2, 3 and 4 hours; 408, 423, 429 and 503: for 10 hours.
  redelivery: { automatic: true, horizonSeconds: 35 * 60 + 10 * 3600 },
})

export const facts: Facts = {
  title: 'Typeform',
  source: 'typeform.com/developers/webhooks, with "Secure your webhooks"',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: 'one answer of 404 or 410',
  trap: 'base64 behind sha256=, where others have hex; a 404 or 410 of the origin ends the webhook',
}
