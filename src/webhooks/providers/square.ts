import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'
import { besideJson } from '../url.ts'

/**
 * Verifies Square webhook deliveries (`x-square-hmacsha256-signature`, base64 HMAC-SHA256 over the notification URL and the
 * raw body). No time is signed; the replay key is the event's `event_id`, which retries keep. The URL has to be the registered
 * one, letter by letter: state `url` where the gateway's public host is another.
 * @example
 * import { square } from 'sallyport/webhooks'
 *
 * export const authenticate = square({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/square' })
 */
export const square = provider({
  name: 'square',
  secretForm: "the subscription's signature key",
  proof: signed({
    // The header of the older HMAC-SHA1, x-square-signature, is not read.
    signature: { header: 'x-square-hmacsha256-signature', form: '{base64}' },
    signs: ({ url, body }) => besideJson(url, body),
    signsUrl: true,
  }),
  bodyId: 'event_id',
  timeoutSeconds: 10,
  redelivery: { automatic: true, horizonSeconds: 24 * 3600 },
})

export const facts: Facts = {
  title: 'Square',
  source:
    'square-nodejs-sdk 46.0.0 WebhooksHelper and its tests; developer.squareup.com, "Troubleshoot Webhooks" (24 hours, an older copy says 72)',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two keys',
  signs: '`{url}{body}`',
  disablesAfter: '3 weeks of failures',
  trap: 'the URL is signed as it was registered, not as a proxy makes it',
}
