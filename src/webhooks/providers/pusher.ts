import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies webhooks of Pusher Channels (`X-Pusher-Signature`, HMAC-SHA256 over the raw body; no time is taken from
 * it). A delivery is a batch without an id: the replay key is the body's digest, which `time_ms` makes different for
 * each. The secret is not chosen by the unsigned `X-Pusher-Key`: both slots are tried.
 * @example
 * import { pusher } from 'sallyport/webhooks'
 *
 * export const authenticate = pusher({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const pusher = provider({
  name: 'pusher',
  secretForm: "the app's secret",
  proof: signed({ signature: { header: 'x-pusher-signature', form: '{hex}' }, signs: '{body}' }),
  timeoutSeconds: 4,
  redelivery: { automatic: true, horizonSeconds: 300 },
})

export const facts: Facts = {
  title: 'Pusher Channels',
  source: 'pusher 5.3.4; docs.bird.com/pusher, "Channels Webhook Timeouts and Retries"',
  checked: '2026-11',
  rotation: 'one signature, whose key X-Pusher-Key names; the gateway holds two secrets',
  unsigned: ['x-pusher-key'],
}
