import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Intuit (QuickBooks) webhook deliveries (`intuit-signature`, base64 HMAC-SHA256 over the raw body; no time
 * is signed). A delivery is a batch: the replay key is the body's digest. Events in the CloudEvents format have an
 * `id` each, by which the origin can tell one that comes again in another batch; the older `eventNotifications` have
 * none. The schema of CloudEvents is `v.array(…)`, since the body is an array.
 * @example
 * import { intuit } from 'sallyport/webhooks'
 *
 * export const authenticate = intuit({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const intuit = provider({
  name: 'intuit',
  secretForm: 'the verifier token of the app',
  proof: signed({ signature: { header: 'intuit-signature', form: '{base64}' }, signs: '{body}' }),
  timeoutSeconds: 3,
  // After 10, 20 and 30 s, 5 and 20 minutes, 2, 4 and 6 hours, then every 6 hours; nobody says until when.
  redelivery: { automatic: true, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Intuit (QuickBooks)',
  source:
    'developer.intuit.com, "Managing webhooks notifications" and "Best practices"; blogs.intuit.com, October 2025',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'the verifier token is not the client secret; the body is an array in the CloudEvents format; until an event is acknowledged, later ones may wait',
}
