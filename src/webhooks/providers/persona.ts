import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Persona webhook deliveries (`Persona-Signature`, HMAC-SHA256 over time and raw body, 300 s both
 * ways; Persona leaves the tolerance to the receiver). While a secret rolls the header has two pairs of time
 * and signature, each signed with the time of its own pair. The replay key is the event's `data.id`.
 * @example
 * import { persona } from 'sallyport/webhooks'
 *
 * export const authenticate = persona({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const persona = provider({
  name: 'persona',
  secretForm: "the webhook's secret, wbhsec_…",
  proof: signed({
    signature: { header: 'persona-signature', form: 'v1={hex}', list: ',', lists: ' ' },
    time: { item: 't=', toleranceSeconds: 300 },
    signs: '{time}.{body}',
  }),
  bodyId: 'data.id',
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'Persona',
  source:
    'docs.withpersona.com, "Webhook best practices"; 8 retries by an older page; how long they last is not documented, 3 days are assumed',
  checked: '2026-11',
  rotation: 'two pairs of time and signature in one header while a secret rolls',
  trap: 'each pair has its own time; only 200, 201, 202 and 204 are success',
  unsigned: [
    'persona-webhook-attempts-made',
    'persona-webhook-attempts-left',
    'persona-webhook-first-attempted-at',
  ],
}
