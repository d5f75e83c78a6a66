import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Lemon Squeezy webhook deliveries (`X-Signature`, HMAC-SHA256 over the raw body; no time is signed). There
 * is no delivery id: the replay key is the body's digest, so a resend from the dashboard is a copy for `replay.ttl`
 * (30 days). The event's name is signed as `meta.event_name`; the header `X-Event-Name` is not.
 * @example
 * import { lemonsqueezy } from 'sallyport/webhooks'
 *
 * export const authenticate = lemonsqueezy({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const lemonsqueezy = provider({
  name: 'lemonsqueezy',
  secretForm: "the webhook's signing secret, as text",
  proof: signed({ signature: { header: 'x-signature', form: '{hex}' }, signs: '{body}' }),
  // Three retries, after 5, 25 and 125 seconds.
  redelivery: { automatic: true, horizonSeconds: 155 },
})

export const facts: Facts = {
  title: 'Lemon Squeezy',
  source: 'docs.lemonsqueezy.com, "Webhook Requests" and "Signing Requests"; timeout not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'only 200 is a success; take the event from meta.event_name, since the header is not signed',
  unsigned: ['x-event-name'],
}
