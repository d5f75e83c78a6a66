import { hashed } from '../hashed.ts'
import { provider } from '../provider.ts'
import { FOR_HUBSPOT } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { besideJson } from '../url.ts'

/**
 * Verifies HubSpot requests of signature version 2 (`X-HubSpot-Signature`, hex SHA-256 over the client secret, the method, the
 * URL and the raw body), and no other version: prefer `hubspotV3` wherever HubSpot sends it. This is a hash and no HMAC: a
 * continued body (length extension) is never UTF-8 and is refused here. No time is signed, and the replay key is the digest of
 * what was signed without the secret. Cards fetch equal URLs on purpose: give such routes `replay: { onDuplicate: 'forward' }`.
 * State `url` where HubSpot has another host or path than the gateway.
 * @example
 * import { hubspotV2 } from 'sallyport/webhooks'
 *
 * export const authenticate = hubspotV2({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/hubspot' })
 */
export const hubspotV2 = provider({
  name: 'hubspot-v2',
  secretForm: "the app's client secret",
  proof: hashed({
    header: 'x-hubspot-signature',
    version: ['x-hubspot-signature-version', 'v2'],
    signs: ({ method, url, body }) => besideJson(method + url, body),
    signsUrl: true,
  }),
  refusalStatuses: FOR_HUBSPOT,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'HubSpot, signature v2',
  source:
    '@hubspot/api-client 13.5.0 signature.js and its tests; developers.hubspot.com, "Webhook information" of workflows, for what is not tried again; for how long, and the timeout, not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  signs: '`{method}{url}{body}`, behind the secret',
  trap: 'a plain hash that can be continued: bodies that are not UTF-8 are refused for that; the URL is the one that HubSpot calls, not the one behind a proxy',
}
