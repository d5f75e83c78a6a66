import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

const SIGNATURE = 'x-wc-webhook-signature'
/** Bytes of the longest ping: the name and a 64-bit number. */
const MAX_PING = 31
const PING = /^webhook_id=[1-9][0-9]{0,19}$/
const FORM = /^application\/x-www-form-urlencoded(?:[\t ]*;|$)/i

/**
 * Verifies WooCommerce webhook deliveries (`X-WC-Webhook-Signature`, base64 HMAC-SHA256 over the raw body; no time is
 * signed). Neither delivery id nor topic is signed: the replay key is the body's digest with the topic, which has to
 * be one of `events`. Two genuine deliveries with one body and topic are one delivery for `replay.ttl` (30 days). The
 * ping of a new webhook, an unsigned form `webhook_id=N`, is answered here with 200 and goes no further. WooCommerce
 * sends nothing again: keep the origin up, or accept that what it misses is lost.
 * @example
 * import { woocommerce } from 'sallyport/webhooks'
 *
 * export const authenticate = woocommerce({ secret: 'STANDARD_WEBHOOK_SECRET', events: ['order.created'] })
 */
export const woocommerce = provider({
  name: 'woocommerce',
  secretForm: "the webhook's secret, as text",
  proof: signed({ signature: { header: SIGNATURE, form: '{base64}' }, signs: '{body}' }),
  topicHeader: 'x-wc-webhook-topic',
  hintHeader: 'x-wc-webhook-delivery-id',
  greeting: {
    method: 'POST',
    isFor: ({ headers }) => !headers.has(SIGNATURE) && FORM.test(headers.get('content-type') ?? ''),
    answer: ({ body }) =>
      body.length <= MAX_PING && PING.test(new TextDecoder().decode(body)) ? { status: 200 } : undefined,
  },
  timeoutSeconds: 60,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'WooCommerce',
  source: 'woocommerce/woocommerce includes/class-wc-webhook.php; what disables a webhook from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: '5 failures in a row',
  trap: 'nothing is sent again; the ping is not signed; the secret is used as it was typed, without HTML escapes',
  unsigned: [
    'x-wc-webhook-topic',
    'x-wc-webhook-resource',
    'x-wc-webhook-event',
    'x-wc-webhook-source',
    'x-wc-webhook-id',
    'x-wc-webhook-delivery-id',
  ],
}
