import { hmacSha1 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Trello webhook deliveries (`X-Trello-Webhook`, base64 HMAC-SHA1 over the raw body and then the callback URL). No
 * time is signed; the replay key is the digest of both, since two webhooks of one URL send the same action's id. The HEAD
 * request with which Trello tries a new callback URL is unsigned and answered here with 200: give the route
 * `method: ['POST', 'HEAD']`. The URL has to be the registered one, letter by letter: state `url` where the host differs.
 * @example
 * import { trello } from 'sallyport/webhooks'
 *
 * export const authenticate = trello({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/trello' })
 */
export const trello = provider({
  name: 'trello',
  secretForm: "the app's OAuth secret",
  proof: signed({
    keys: [{ algorithm: hmacSha1, decode: text }],
    signature: { header: 'x-trello-webhook', form: '{base64}' },
    signs: '{body}{url}',
    signsUrl: true,
  }),
  greeting: {
    method: 'HEAD',
    answer: () => ({ status: 200 }),
  },
  redelivery: { automatic: true, horizonSeconds: 210 },
})

export const facts: Facts = {
  title: 'Trello',
  source:
    'developer.atlassian.com, "Webhooks" of the Trello REST API; three retries after 30, 60 and 120 s from memory; timeout not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'the body stands before the URL, and the URL is signed as it was registered, its query included',
}
