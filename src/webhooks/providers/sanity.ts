import { provider } from '../provider.ts'
import { FINAL_UNLESS_429_OR_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Sanity webhook deliveries (`sanity-webhook-signature`, HMAC-SHA256 in base64url over a time in
 * milliseconds and the raw body, 300 s both ways; Sanity's own library does not look at the time). The body
 * is what the webhook's projection makes of a document, so two changes may have one body: the replay key is
 * the digest of time and body. `idempotency-key` is not signed and is a hint for people.
 * @example
 * import { sanity } from 'sallyport/webhooks'
 *
 * export const authenticate = sanity({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const sanity = provider({
  name: 'sanity',
  secretForm: "the webhook's secret, as text",
  proof: signed({
    signature: { header: 'sanity-webhook-signature', form: 'v1={base64url}', list: ',' },
    time: { item: 't=', unit: 'ms', toleranceSeconds: 300 },
    signs: '{time}.{body}',
  }),
  hintHeader: 'idempotency-key',
  // Any other 4xx is final.
  refusalStatuses: FINAL_UNLESS_429_OR_5XX,
  redelivery: { automatic: true, horizonSeconds: 60 },
})

export const facts: Facts = {
  title: 'Sanity',
  source:
    '@sanity/webhook 4.0 and the tests of sanity-io/webhook-toolkit; sanity.io changelog v2021-10-04 of April 2026 on retries; the headers beside the signature from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'base64url has two unused bits at its end, which have to be zero; only 429 and 5xx are tried again, twice',
  unsigned: ['idempotency-key', 'sanity-operation', 'sanity-document-id'],
}
