import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies webhooks of LINE's Messaging API (`x-line-signature`, base64 HMAC-SHA256 over the raw body; no time is
 * signed). A delivery is a batch: the replay key is the body's digest. A redelivery, which has to be switched on, says
 * so in its signed body and so has another digest: the origin tells it by each event's `webhookEventId`. The body
 * without events that LINE's "Verify" button sends is answered here.
 * @example
 * import { line } from 'sallyport/webhooks'
 *
 * export const authenticate = line({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const line = provider({
  name: 'line',
  secretForm: 'the channel secret',
  proof: signed({ signature: { header: 'x-line-signature', form: '{base64}' }, signs: '{body}' }),
  handshake: ({ json: { events } }) =>
    Array.isArray(events) && events.length === 0 ? { status: 200 } : undefined,
  timeoutSeconds: 2,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'LINE',
  source:
    '@line/bot-sdk 11.0.0; developers.line.biz, "Receiving messages"; timeout and the empty events of "Verify" from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: 'a long period of failures',
  trap: 'redelivery is off until it is switched on, and changes the body: deliveryContext.isRedelivery',
}
