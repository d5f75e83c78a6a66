import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Mux webhook deliveries (`Mux-Signature`, HMAC-SHA256 over time and raw body, 300 s both ways). The
 * replay key is the event's `id`. Whether a retry is signed anew is not documented: where the record shows retries
 * refused as too old, `tolerance: '1 d'` takes them, and copies are still told by their id.
 * @example
 * import { mux } from 'sallyport/webhooks'
 *
 * export const authenticate = mux({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const mux = provider({
  name: 'mux',
  secretForm: "the webhook's signing secret, as text",
  proof: signed({
    signature: { header: 'mux-signature', form: 'v1={hex}', list: ',' },
    time: { item: 't=', toleranceSeconds: 300 },
    signs: '{time}.{body}',
  }),
  bodyId: 'id',
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Mux',
  source:
    '@mux/mux-node 15.3 webhooks; docs.mux.com, "Verify webhook signatures"; timeout and retries from memory',
  checked: '2026-11',
  rotation: 'several v1 in one header are accepted',
}
