import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Calendly webhook deliveries (`Calendly-Webhook-Signature`, HMAC-SHA256 over time and raw body, 180
 * s both ways). Calendly sends no id: the replay key is the body's digest, so that a retry with a new
 * time is the same delivery. Whether retries have a new time is not documented: where the record shows them
 * refused as too old, set `tolerance: '1 d'`.
 * @example
 * import { calendly } from 'sallyport/webhooks'
 *
 * export const authenticate = calendly({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const calendly = provider({
  name: 'calendly',
  secretForm: "the subscription's signing key, as text",
  proof: signed({
    signature: { header: 'calendly-webhook-signature', form: 'v1={hex}', list: ',' },
    time: { item: 't=', toleranceSeconds: 180 },
    signs: '{time}.{body}',
  }),
  replay: 'body',
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Calendly',
  source:
    'developer.calendly.com, "Webhook signatures"; community.calendly.com, "How does a webhook become disabled?"',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: '24 hours of failures',
  trap: 'no id: the invitee’s payload.uri with the event is the nearest, and the origin has to know it',
}
