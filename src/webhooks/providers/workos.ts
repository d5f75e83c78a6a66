import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies WorkOS webhook deliveries (`WorkOS-Signature`, HMAC-SHA256 over a time in milliseconds and the raw
 * body, 180 s both ways). The replay key is the event's `id`. Whether a retry is signed anew is not
 * documented: where the record shows retries refused as too old, `tolerance: '3 d'` takes them, and copies are still told
 * by their id.
 * @example
 * import { workos } from 'sallyport/webhooks'
 *
 * export const authenticate = workos({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const workos = provider({
  name: 'workos',
  secretForm: "the webhook's signing secret, as text",
  proof: signed({
    signature: { header: 'workos-signature', form: 'v1={hex}', list: ', ' },
    time: { item: 't=', unit: 'ms', toleranceSeconds: 180 },
    signs: '{time}.{body}',
  }),
  bodyId: 'id',
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'WorkOS',
  source:
    '@workos-inc/node 8.13 SignatureProvider; workos-python webhooks; workos.com/docs, "Sync data with webhooks"; 3 days of retries from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'a space after the comma, and milliseconds',
}
