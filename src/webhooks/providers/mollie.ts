import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Mollie's next-generation webhooks (`X-Mollie-Signature`, HMAC-SHA256 over the raw body; no time is
 * signed). The header may stand several times, as while a secret rolls. The replay key is the event's `id`: a
 * copy is accepted again after `replay.ttl` (30 days). Mollie's older webhooks, a form with `id=tr_…`, have
 * no signature and are refused: the payment's own API is what proves those.
 * @example
 * import { mollie } from 'sallyport/webhooks'
 *
 * export const authenticate = mollie({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const mollie = provider({
  name: 'mollie',
  secretForm: "the webhook's signing secret, as text",
  proof: signed({
    // Mollie's documentation has the hex alone, its library takes both.
    signature: { header: 'x-mollie-signature', form: ['sha256={hex}', '{hex}'], list: ', ' },
    signs: '{body}',
  }),
  bodyId: 'id',
  timeoutSeconds: 15,
  redelivery: { automatic: true, horizonSeconds: 26 * 3600 },
})

export const facts: Facts = {
  title: 'Mollie',
  source:
    'mollie/mollie-api-php SignatureValidator; docs.mollie.com, "Next-gen webhooks" and "Best practices"; 26 hours of retries from memory',
  checked: '2026-11',
  rotation: 'a header for each secret while it rolls',
  trap: 'older webhooks have no signature, and the official library lets the caller decide about them',
}
