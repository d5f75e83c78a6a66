import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Coinbase Commerce webhook deliveries (`X-CC-Webhook-Signature`, HMAC-SHA256 over the raw body; no time is
 * signed). The replay key is `event.id`, which all attempts for an event share; the `id` around it and
 * `attempt_number` are an attempt's own. A body without an event is known by its digest.
 * @example
 * import { coinbaseCommerce } from 'sallyport/webhooks'
 *
 * export const authenticate = coinbaseCommerce({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const coinbaseCommerce = provider({
  name: 'coinbase-commerce',
  secretForm: "the webhook's secret, as text",
  proof: signed({ signature: { header: 'x-cc-webhook-signature', form: '{hex}' }, signs: '{body}' }),
  bodyId: 'event.id',
  // With growing pauses, an hour at most.
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'Coinbase Commerce',
  source: 'coinbase-commerce-node 1.0.4; docs.cdp.coinbase.com, "Webhooks"; timeout not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'only 200 is a success',
}
