import { hashed } from '../hashed.ts'
import { provider } from '../provider.ts'
import { FOR_HUBSPOT } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { besideJson } from '../url.ts'

/**
 * Verifies HubSpot requests of signature version 1 (`X-HubSpot-Signature`, hex SHA-256 over the client secret and the raw
 * body), and no other version: prefer `hubspotV3` wherever HubSpot sends it. This is a hash and no HMAC, so that whoever has
 * one delivery can continue its body by SHA-256's padding and bytes of their own (length extension); a continued body is never
 * UTF-8 and is refused here, whatever the route does with it later. No time is signed; bodies are lists of events without one
 * id, so that the replay key is the body's digest. A retry has another `attemptNumber` and is a new delivery. The schema of a
 * list is `v.array(…)`.
 * @example
 * import { hubspotV1 } from 'sallyport/webhooks'
 *
 * export const authenticate = hubspotV1({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const hubspotV1 = provider({
  name: 'hubspot-v1',
  secretForm: "the app's client secret",
  proof: hashed({
    header: 'x-hubspot-signature',
    version: ['x-hubspot-signature-version', 'v1'],
    // A body of version 2 begins with a method and a URL: what is no JSON is none of this version's.
    signs: ({ body }) => besideJson('', body),
  }),
  refusalStatuses: FOR_HUBSPOT,
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 24 * 3600 },
})

export const facts: Facts = {
  title: 'HubSpot, signature v1',
  source:
    '@hubspot/api-client 13.5.0 signature.js and its tests; community.hubspot.com, "Webhooks response", for what is not tried again; timeout through third parties; 24 hours of retries from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  signs: '`{body}`, behind the secret',
  trap: 'a plain hash that can be continued: bodies that are not UTF-8 are refused for that; HubSpot sends several versions at once, and this entry reads version 1 alone',
}
