import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Razorpay webhook deliveries (`X-Razorpay-Signature`, HMAC-SHA256 over the raw body; no time is signed). The
 * event's id is an unsigned header: the replay key is the body's digest, which the retries of an event share. After a
 * change of the secret Razorpay signs retries of older events with the old one for 24 hours: put the new secret into
 * the first slot, keep the old one in the second (`…_NEXT`) for a day, then remove it.
 * @example
 * import { razorpay } from 'sallyport/webhooks'
 *
 * export const authenticate = razorpay({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const razorpay = provider({
  name: 'razorpay',
  secretForm: "the webhook's secret, as text",
  proof: signed({ signature: { header: 'x-razorpay-signature', form: '{hex}' }, signs: '{body}' }),
  hintHeader: 'x-razorpay-event-id',
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Razorpay',
  source: 'razorpay 2.9.8; razorpay.com/docs/webhooks, "FAQs" and "Best Practices"; timeout from memory',
  checked: '2026-11',
  rotation:
    'one signature; retries of older events keep the old secret, so both slots are needed for 24 hours',
  disablesAfter: '24 hours of failures',
  trap: 'keep the old secret in the second slot for 24 hours; the id header is not signed',
  unsigned: ['x-razorpay-event-id'],
}
