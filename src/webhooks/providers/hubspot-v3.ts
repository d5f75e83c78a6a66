import { provider } from '../provider.ts'
import { FOR_HUBSPOT } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'
import { besideJson } from '../url.ts'

/** The escapes that HubSpot writes as characters before it signs: `: / ? @ ! $ ' ( ) * , ;`. */
const DECODED = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi

/**
 * Verifies HubSpot requests of signature version 3 (`X-HubSpot-Signature-v3`, base64 HMAC-SHA256 over method, URL, raw body
 * and time, 300 s both ways); the headers of the older versions, which HubSpot sends along, are not looked at. Bodies are lists
 * of events without one id, so that the replay key is the digest of what was signed, and a retry, which is signed anew, is a
 * new delivery. The schema of a list is `v.array(…)`. State `url` where HubSpot has another host or path than the gateway.
 * @example
 * import { hubspotV3 } from 'sallyport/webhooks'
 *
 * export const authenticate = hubspotV3({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/hubspot' })
 */
export const hubspotV3 = provider({
  name: 'hubspot-v3',
  secretForm: "the app's client secret",
  proof: signed({
    signature: { header: 'x-hubspot-signature-v3', form: '{base64}' },
    time: { header: 'x-hubspot-request-timestamp', unit: 'ms', toleranceSeconds: 300 },
    signs: ({ method, url, body, time }) =>
      besideJson(method + url.replace(DECODED, decodeURIComponent), body, time),
    signsUrl: true,
  }),
  refusalStatuses: FOR_HUBSPOT,
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 24 * 3600 },
})

export const facts: Facts = {
  title: 'HubSpot, signature v3',
  source:
    'developers.hubspot.com, "Validating requests" and "Webhook information" of workflows; community.hubspot.com, "Webhooks response"; @hubspot/api-client 13.5.0; timeout through third parties; 24 hours of retries from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  signs: '`{method}{url}{body}{time}`',
  trap: 'some escapes of the URL are decoded before it is signed, so that both spellings have one signature; the URL is the one that HubSpot calls, not the one behind a proxy',
}
